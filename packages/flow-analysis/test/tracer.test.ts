/** The index says of each packet what the walk through the flows says. */
import { parseAddress } from "@flowmgr/flow-model";
import { arbitraryConfig, arbitraryPacket, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, tracer } from "../src/index.ts";
import { everyPacket, richConfigs } from "./tiny.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 20);

describe("tracer", () => {
  it("decides every packet of small configs as the walk does", () => {
    fc.assert(
      fc.property(richConfigs, (config) => {
        const { decide: byIndex } = tracer(config);
        for (const packet of everyPacket(config)) expect(byIndex(packet)).toEqual(decide(config, packet));
      }),
      { numRuns: RUNS },
    );
  });

  it("decides packets of configs with lists, outflows and everything as the walk does", () => {
    let decided = 0;
    const cases = arbitraryConfig().chain((config) =>
      fc.tuple(fc.constant(config), fc.array(arbitraryPacket(config), { minLength: 40, maxLength: 40 })),
    );
    fc.assert(
      fc.property(cases, fc.constantFrom("spare", "judge"), ([config, packets], loopback) => {
        const { decide: byIndex } = tracer(config, { loopback });
        for (const packet of packets) {
          const found = byIndex(packet);
          if (found.flow !== null) decided += 1;
          expect(found).toEqual(decide(config, packet, { loopback }));
        }
      }),
      { numRuns: 2 * RUNS },
    );
    expect(decided).toBeGreaterThan(2 * RUNS);
  });

  it("decides packets to the services of a busy load balancer as the walk does", () => {
    const config = manyFlows(1000);
    const { decide: byIndex } = tracer(config);
    for (let at = 0; at < 1000; at += 7) {
      const dst = parseAddress(`172.16.${at >> 8}.${at & 255}`);
      const src = parseAddress(`10.${at % 7}.${at & 255}.7`);
      if ("error" in dst || "error" in src) throw new Error("no address");
      for (const dstport of [22, 25, 110, 443]) {
        const packet = {
          direction: "in",
          family: 4,
          iface: "eth0",
          proto: 6,
          srcport: 1024,
          dstport,
        } as const;
        const asked = { ...packet, src: src.ok.bits, dst: dst.ok.bits };
        expect(byIndex(asked)).toEqual(decide(config, asked));
      }
    }
  });
});

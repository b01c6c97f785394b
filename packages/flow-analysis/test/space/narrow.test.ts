/** A narrow space decides the packets it was made for as the whole config does. */
import { type Conditions, flowsOf, ruleHolds } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../src/index.ts";
import { spaceAround } from "../../src/space/narrow.ts";
import { everyPacket, tinyConfigs } from "../tiny.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 60);

const sets: fc.Arbitrary<Conditions[]> = tinyConfigs.map((config) =>
  flowsOf(config)
    .flatMap(({ rules }) => rules.map(({ conditions }) => conditions))
    .filter((conditions) => Object.keys(conditions).length > 0)
    .slice(0, 2),
);

describe("spaceAround", () => {
  it("gives each packet that is asked about the decider that it has in the whole config", () => {
    let asked = 0;
    let left = 0;
    fc.assert(
      fc.property(tinyConfigs, sets, (config, conditions) => {
        const packets = everyPacket(config).filter((packet) =>
          conditions.some((one) => ruleHolds({ conditions: one }, packet).holds),
        );
        for (const family of [4, 6] as const) {
          const space = spaceAround([config], "in", family, {}, conditions);
          const [judged] = space.judged;
          if (!judged) throw new Error("no config");
          left += flowsOf(config).length - new Set(judged.rules.map(({ flowIndex }) => flowIndex)).size;
          for (const packet of packets.filter((one) => one.family === family)) {
            const found = space.decide(judged, packet);
            const expected = decide(config, packet);
            expect(found?.flow.name ?? null).toBe(expected.flow);
            expect(found?.rule ?? null).toBe(expected.rule === null ? null : expected.rule - 1);
            asked += 1;
          }
        }
      }),
      { numRuns: RUNS },
    );
    expect(asked).toBeGreaterThan(20 * RUNS);
    expect(left).toBeGreaterThan(RUNS / 5);
  });

  it("keeps few flows of many, with their places", () => {
    const config = manyFlows(1000);
    const asked: Conditions[] = [
      { dst: { not: false, values: ["172.16.0.0"] }, proto: { not: false, values: ["tcp"] } },
    ];
    const [judged] = spaceAround([config], "in", 4, {}, asked).judged;
    const kept = [...new Set(judged?.rules.map(({ flowIndex }) => flowIndex))];
    const flows = flowsOf(config);
    expect(kept.map((at) => flows[at]?.name)).toContain("service-0");
    expect(kept.map((at) => flows[at]?.name)).toContain("alltherest");
    // All that deny a network stay: they say nothing of the destination.
    expect(kept.length).toBeLessThan(210);
  });
});

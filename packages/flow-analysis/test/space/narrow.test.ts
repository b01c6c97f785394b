/** A narrow space decides the packets it was made for as the whole config does. */
import { type Conditions, type Config, flowsOf, ruleHolds } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../src/index.ts";
import { flowsAround, meetAny, spaceAround } from "../../src/space/narrow.ts";
import { type Reach, reachesOf, reachOf } from "../../src/space/reach.ts";
import { flowsInForce } from "../../src/space/rules.ts";
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

/** Between two configs a stretch of flows is gone, stands elsewhere, or others stand there. */
type Cut = { at: number; length: number; to: number; others: boolean };

const cut: fc.Arbitrary<Cut> = fc.record({
  at: fc.nat(400),
  length: fc.nat(30),
  to: fc.nat(400),
  others: fc.boolean(),
});

describe("flowsAround", () => {
  const many = manyFlows(450);
  const dst = (...values: string[]) => ({ dst: { not: false, values } });
  const asked: Conditions[] = [
    ...many.items
      .slice(0, 12)
      .flatMap((item) => (item.kind === "flow" ? item.rules[0]?.conditions : []) ?? []),
    { dst: { not: true, values: ["172.16.0.0/24"] } },
    ...["2001:db8::/32", "2001:db8:44::1", "2001:db8:ffff::/48", "172.16.1.0/25", "::/0"].map((one) =>
      dst(one),
    ),
    dst("172.16.0.4", "172.16.1.60"),
    {},
  ];

  it("chooses of a config behind any other the flows whose rules may meet what is asked", () => {
    const pool = flowsOf(manyFlows(900)).slice(450);
    let passed = 0;
    fc.assert(
      fc.property(
        fc.array(cut, { minLength: 1, maxLength: 5 }),
        fc.subarray(asked, { minLength: 1, maxLength: 3 }),
        (cuts, conditions) => {
          let config: Config = many;
          for (const { at, length, to, others } of [{ at: 0, length: 0, to: 0, others: false }, ...cuts]) {
            const items = [...config.items];
            const taken = items.splice(at, length);
            items.splice(to, 0, ...(others ? pool.slice(at, at + length) : taken.slice(1)));
            config = { ...config, items };
            for (const family of [4, 6] as const) {
              const reaches = conditions.flatMap(
                (one): readonly Reach[] | Reach => reachOf(one, family) ?? [],
              );
              const flows = flowsInForce(config, "in");
              const expected = flows.filter(({ flow }) => meetAny(reachesOf(flow, family).deciding, reaches));
              expect(flowsAround(flows, family, reaches)).toEqual(expected);
              passed += flows.length - expected.length;
            }
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(passed).toBeGreaterThan(RUNS * 100);
  });
});

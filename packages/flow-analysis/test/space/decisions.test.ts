/** The diagram gives each packet the decider that the plain walk through the flows gives it. */
import { type Config, type MeaningOptions, type Packet, SPARE_BOTH } from "@flowmgr/flow-model";
import { arbitraryConfig, arbitraryPacket, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide } from "../../src/index.ts";

import { type Region, Space } from "../../src/space/decisions.ts";
import { valuesOf } from "../../src/space/fields.ts";
import type { JudgingRule } from "../../src/space/rules.ts";

const meanings: fc.Arbitrary<MeaningOptions> = fc.record({
  loopback: fc.constantFrom("spare", "judge"),
  neighbours: fc.constantFrom("spare", "judge"),
});

const EVERYTHING: Region = { box: [], set: null };

/** Spaces made when they are first asked for; who decides, by the index and by the diagram. */
function decidersIn(config: Config, meaning: MeaningOptions) {
  const known = new Map<string, (packet: Packet) => (JudgingRule | null)[]>();
  return (packet: Packet): (JudgingRule | null)[] => {
    const { direction, family } = packet;
    const key = `${direction}${family}`;
    let deciders = known.get(key);
    if (!deciders) {
      const space = new Space([config], direction, family, meaning);
      const [judged] = space.judged;
      if (!judged) throw new Error("no config");
      const root = space.decisions(judged, EVERYTHING);
      deciders = (asked) => [
        space.decide(judged, asked),
        judged.rules[space.diagram.find(root, valuesOf(space.world, asked)) - judged.base] ?? null,
      ];
      known.set(key, deciders);
    }
    return deciders(packet);
  };
}

describe("Space", () => {
  it("decides every packet as the walk through the flows does", () => {
    let decided = 0;
    fc.assert(
      fc.property(
        arbitraryConfig().chain((config) =>
          fc.tuple(
            fc.constant(config),
            meanings,
            fc.array(arbitraryPacket(config), { minLength: 60, maxLength: 60 }),
          ),
        ),
        ([config, meaning, packets]) => {
          const deciders = decidersIn(config, meaning);
          for (const packet of packets) {
            const walked = decide(config, packet, meaning);
            for (const found of deciders(packet)) {
              expect(found?.flow.name ?? null).toBe(walked.flow);
              expect(found?.rule ?? null).toBe(walked.rule === null ? null : walked.rule - 1);
              if (found) decided += 1;
            }
          }
        },
      ),
      { numRuns: 100 },
    );
    expect(decided).toBeGreaterThan(500);
  });

  it("is right in a diagram of many nodes too", () => {
    const config = manyFlows(400);
    const space = new Space([config], "in", 4, SPARE_BOTH);
    const [judged] = space.judged;
    if (!judged) throw new Error("no config");
    const root = space.decisions(judged, EVERYTHING);
    // Typed arrays begin small and grow: beyond their ends nothing may be lost.
    expect(space.diagram.edges).toBeGreaterThan(100_000);
    fc.assert(
      fc.property(arbitraryPacket(config), (packet) => {
        if (packet.family === 6 || packet.direction === "out") return;
        const values = valuesOf(space.world, packet);
        const walked = decide(config, packet);
        const found = judged.rules[space.diagram.find(root, values) - judged.base];
        expect(found?.flow.name ?? null).toBe(walked.flow);
      }),
      { numRuns: 500 },
    );
  });
});

/**
 * Small worlds whole: every packet that a config can tell apart, in both directions and under each setting, is decided
 * by the index and by the diagram as the walk through the flows decides it, and lies in a rule's boxes where the rule
 * holds. `FLOWMGR_CELLS`: how many pairs of a config and a packet.
 */
import {
  type Config,
  flowsOf,
  type MeaningOptions,
  type Packet,
  print,
  printPacket,
  ruleHolds,
} from "@flowmgr/flow-model";
import fc from "fast-check";
import { expect, it } from "vitest";
import { decide } from "../src/index.ts";
import { type Judged, Space } from "../src/space/decisions.ts";
import { valuesOf } from "../src/space/fields.ts";
import { LEVELS } from "../src/space/levels.ts";
import type { Node } from "../src/space/node-store.ts";
import type { JudgingRule } from "../src/space/rules.ts";
import { everyPacket, tinyConfigs } from "./tiny.ts";

const CELLS = Number(process.env.FLOWMGR_CELLS ?? 150_000);

const meanings: fc.Arbitrary<MeaningOptions> = fc.record({
  loopback: fc.constantFrom("spare", "spare", "judge"),
  neighbours: fc.constantFrom("spare", "spare", "judge"),
});

/** Some flows are for what leaves, some are switched off, and some of their rules. */
const worlds: fc.Arbitrary<Config> = fc
  .tuple(tinyConfigs, fc.infiniteStream(fc.nat(9)))
  .map(([config, dice]) => {
    const one = (of: readonly number[]) => of.includes(dice.next().value);
    const items = flowsOf(config).map((flow) => {
      const isOut = one([0, 1, 2]) && flow.policy?.action !== "director";
      const rules = flow.rules.map((rule) => ({ ...rule, off: one([0]) }));
      return { ...flow, kind: isOut ? ("outflow" as const) : ("flow" as const), skipped: one([0]), rules };
    });
    return { items, comment: [] };
  });

type World = { space: Space; judged: Judged; root: Node };

function worldOf(
  config: Config,
  direction: Packet["direction"],
  family: 4 | 6,
  meaning: MeaningOptions,
): World {
  const space = new Space([config], direction, family, meaning);
  const [judged] = space.judged;
  if (!judged) throw new Error("no config");
  return { space, judged, root: space.decisions(judged, { box: [], set: null }) };
}

const nameOf = (rule: JudgingRule | null | undefined) =>
  rule ? `${rule.flow.name} ${rule.rule === null ? "errors" : rule.rule + 1}` : "nobody";

function isIn({ boxes }: JudgingRule, values: readonly number[]): boolean {
  return boxes.some((box) => {
    for (let level = 0; level < LEVELS; level += 1) {
      const intervals = box[level];
      const value = values[level] ?? 0;
      if (!intervals) continue;
      let inside = false;
      for (let at = 0; at < intervals.length; at += 2) {
        if ((intervals[at] ?? 0) <= value && value <= (intervals[at + 1] ?? -1)) inside = true;
      }
      if (!inside) return false;
    }
    return true;
  });
}

function judge(config: Config, meaning: MeaningOptions): number {
  let cells = 0;
  for (const direction of ["in", "out"] as const) {
    const worlds = { 4: worldOf(config, direction, 4, meaning), 6: worldOf(config, direction, 6, meaning) };
    for (const one of everyPacket(config)) {
      const packet = { ...one, direction };
      const { space, judged, root } = worlds[packet.family];
      const values = valuesOf(space.world, packet);
      const walked = decide(config, packet, meaning);
      const name =
        walked.flow === null ? "nobody" : `${walked.flow} ${walked.icmpErrors ? "errors" : walked.rule}`;
      const byDiagram = nameOf(judged.rules[space.diagram.find(root, values) - judged.base]);
      const byIndex = nameOf(space.decide(judged, packet));
      const wrong = judged.rules.find((rule) => {
        const written = rule.rule === null ? undefined : rule.flow.rules[rule.rule];
        return written && isIn(rule, values) !== ruleHolds(written, packet, meaning).holds;
      });
      cells += 1;
      if (byDiagram === name && byIndex === name && !wrong) continue;
      const saying = `${print(config)}\n${printPacket(packet)} ${JSON.stringify(meaning)}: ${nameOf(wrong)}`;
      expect({ byDiagram, byIndex, wrong: nameOf(wrong) }, saying).toEqual({
        byDiagram: name,
        byIndex: name,
        wrong: "nobody",
      });
    }
  }
  return cells;
}

it("decides each packet of small worlds as the flows do", { timeout: 120_000 + CELLS }, () => {
  let cells = 0;
  while (cells < CELLS) {
    fc.assert(
      fc.property(worlds, meanings, (config, meaning) => {
        cells += judge(config, meaning);
      }),
      { numRuns: 10 },
    );
  }
  console.info(`${cells} pairs of a config and a packet`);
});

/** The rules of a config that judge packets of one direction and family, in order, with what they hold for. */
import {
  type Config,
  expandLists,
  type Flow,
  flowsOf,
  type MeaningOptions,
  type Packet,
} from "@flowmgr/flow-model";
import { type Box, boxesIn } from "./boxes.ts";
import type { World } from "./fields.ts";
import type { Ending, Reach } from "./reach.ts";

export type Direction = Packet["direction"];

/** What may end a packet's visit to a flow: a rule that is on, or the end of a director's flow. */
export type JudgingRule = {
  /** With the values of named lists. */
  flow: Flow;
  /** Index of the flow among the flows of the config, in force or not, of either direction. */
  flowIndex: number;
  /** Index of the rule in its flow; null for a director's ICMP errors. */
  rule: number | null;
  /** Ends the visit and decides nothing: the packet goes on to the next flow. */
  ignores: boolean;
  /** The packets that it holds for; none when it can hold for nothing. */
  boxes: readonly Box[];
};

/** A flow that judges packets, with the values of named lists, and its index among the flows of the config. */
export type FlowInForce = { flow: Flow; flowIndex: number };

/** With what may end a packet's visit to it. */
export type Endings = FlowInForce & { endings: readonly Ending[] };

/** Keyed by the config itself: it is a value, nothing changes it in place. */
const known = new WeakMap<Config, Record<Direction, readonly FlowInForce[]>>();

/** The flows that judge packets of a direction: neither of the other one nor switched off. */
export function flowsInForce(config: Config, direction: Direction): readonly FlowInForce[] {
  let flows = known.get(config);
  if (!flows) {
    const inForce: FlowInForce[] = flowsOf(expandLists(config)).flatMap((flow, flowIndex) =>
      flow.skipped || flow.policy === null ? [] : [{ flow, flowIndex }],
    );
    const of = (kind: Flow["kind"]) => inForce.filter(({ flow }) => flow.kind === kind);
    flows = { in: of("flow"), out: of("outflow") };
    known.set(config, flows);
  }
  return flows[direction];
}

/** Makes boxes of a world, of each reach once: two configs have most of theirs in common. */
export function boxesOnce(world: World, meaning: MeaningOptions): (reach: Reach | null) => readonly Box[] {
  const made = new Map<Reach, readonly Box[]>();
  return (reach) => {
    if (reach === null) return [];
    let boxes = made.get(reach);
    if (!boxes) {
      boxes = boxesIn(reach, world, meaning);
      made.set(reach, boxes);
    }
    return boxes;
  };
}

/** In the order in which a packet meets them; a flow's stand side by side. `step` is called for each flow. */
export function judgingRules(
  flows: readonly Endings[],
  boxesOf: (reach: Reach | null) => readonly Box[],
  step: () => void,
): JudgingRule[] {
  const judging: JudgingRule[] = [];
  for (const { flow, flowIndex, endings } of flows) {
    step();
    for (const { rule, ignores, reach } of endings) {
      const boxes = boxesOf(reach);
      if (rule !== null || boxes.length > 0) judging.push({ flow, flowIndex, rule, ignores, boxes });
    }
  }
  return judging;
}

/** Tells the rules of one config apart. */
export const keyOfRule = ({ flowIndex, rule }: Pick<JudgingRule, "flowIndex" | "rule">) =>
  `${flowIndex} ${rule}`;

/** A rule by the name of its flow and its number from 1; null: the director's ICMP errors at the flow's end. */
export type RuleName = { flow: string; rule: number | null };

/** How a rule is told to people. */
export function nameOf({ flow, rule }: Pick<JudgingRule, "flow" | "rule">): RuleName {
  return { flow: flow.name, rule: rule === null ? null : rule + 1 };
}

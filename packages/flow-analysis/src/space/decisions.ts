/** Who decides which packets: the config as a diagram, over all packets or over a part of them. */
import type { Config, Family, MeaningOptions, Packet } from "@flowmgr/flow-model";
import { type Box, meet } from "./boxes.ts";
import { Diagram } from "./diagram.ts";
import { LEVELS, valuesOf, type World, worldOf } from "./fields.ts";
import { NONE, type Node, terminal } from "./node-store.ts";
import { RuleIndex } from "./rule-index.ts";
import { type Direction, flowsInForce, type JudgingRule, judgingRules } from "./rules.ts";

/** One of the configs that are looked at, in one direction and family. */
export type Judged = {
  rules: readonly JudgingRule[];
  index: RuleIndex;
  /** Number of the first rule's terminal; the others follow. Those of two configs are apart. */
  base: number;
};

/** What configs that are compared with each other have in common, in one direction and family. */
export class Space {
  readonly direction: Direction;
  readonly world: World;
  /** For what is being worked out; its nodes are worth nothing after `renew`. */
  diagram: Diagram;
  readonly judged: readonly Judged[];

  constructor(configs: readonly Config[], direction: Direction, family: Family, meaning: MeaningOptions) {
    const flows = configs.flatMap((config) => flowsInForce(config, direction));
    const conditions = flows.flatMap(({ flow }) => flow.rules.map((rule) => rule.conditions));
    this.direction = direction;
    this.world = worldOf(family, conditions);
    this.diagram = new Diagram(LEVELS);
    let base = 1;
    this.judged = configs.map((config): Judged => {
      const rules = judgingRules(config, direction, this.world, meaning);
      const judged = { rules, index: new RuleIndex(rules, this.world), base };
      base += rules.length;
      return judged;
    });
  }

  /** An empty diagram, so that one answer leaves the next one its room; `mostEdges`: see Diagram. */
  renew(mostEdges?: number): void {
    this.diagram = new Diagram(LEVELS, mostEdges);
  }

  /** The rule that decides a packet of this direction and family; null when no flow decides. */
  decide({ rules, index }: Judged, packet: Packet): JudgingRule | null {
    return rules[index.decider(valuesOf(this.world, packet))] ?? null;
  }

  /**
   * For each packet inside a box the rule that decides it, NONE elsewhere and where none does. Of the rules from place
   * `from` on, and before `to`. Throws TooLarge.
   */
  decisions(judged: Judged, within: Box, from = 0, to = judged.rules.length): Node {
    const flows: Node[] = [];
    for (let at = from; at < to; ) {
      const flow = judged.rules[at]?.flowIndex;
      const first = at;
      while (at < to && judged.rules[at]?.flowIndex === flow) at += 1;
      const ended = this.endings(judged, within, first, at);
      if (ended !== NONE) flows.push(this.#leavingOut(judged, ended, first, at));
    }
    return this.diagram.overrideAll(flows);
  }

  /** The same within one flow, where an `ignore` ends the visit like a `match`. */
  endings({ rules, base }: Judged, within: Box, from: number, to: number): Node {
    const nodes: Node[] = [];
    for (let at = from; at < to; at += 1) {
      for (const box of rules[at]?.boxes ?? []) {
        const here = meet(box, within);
        if (here) nodes.push(this.boxNode(here, terminal(base + at)));
      }
    }
    return this.diagram.overrideAll(nodes);
  }

  /** The packets of a box. */
  boxNode(box: Box, inside: Node = terminal(1)): Node {
    return this.diagram.box(box, this.world.maxima, inside);
  }

  /** What a flow ignores goes on to the next one. */
  #leavingOut({ rules, base }: Judged, flow: Node, from: number, to: number): Node {
    let ignores = false;
    for (let at = from; at < to; at += 1) ignores ||= rules[at]?.ignores ?? false;
    if (!ignores) return flow;
    return this.diagram.map(flow, (number) => (rules[number - base]?.ignores ? 0 : number));
  }
}

/** Who decides which packets: the config as a diagram, over all packets or over a part of them. */
import { BITS, type Config, type Family, type MeaningOptions, type Packet } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { meaningOf } from "../walk.ts";
import { type Box, meetWithin } from "./boxes.ts";
import { Diagram } from "./diagram.ts";
import { rangesOf, valuesOf, type World, worldOf } from "./fields.ts";
import { LEVEL, LEVELS } from "./levels.ts";
import { type Node, terminal } from "./node-store.ts";
import { type Reach, reachesOf } from "./reach.ts";
import { RuleIndex } from "./rule-index.ts";
import {
  boxesOnce,
  type Direction,
  type Endings,
  type FlowInForce,
  flowsInForce,
  type JudgingRule,
  judgingRules,
} from "./rules.ts";
import { stopper } from "./stop.ts";

/** One of the configs that are looked at, in one direction and family. */
export type Judged = {
  rules: readonly JudgingRule[];
  /** Made when it is first asked for. */
  readonly index: RuleIndex;
  /** Number of the first rule's terminal; the others follow. Those of two configs are apart. */
  base: number;
};

const NO_FLOW = (_: number) => false;

/** The packets of a box, or of them those in a set. */
export type Region = { box: Box; set: Node | null };

/** What configs that are compared with each other have in common, in one direction and family. */
export class Space {
  readonly direction: Direction;
  readonly world: World;
  readonly meaning: MeaningOptions;
  /** For what is being worked out; its nodes are worth nothing after `renew`. */
  diagram: Diagram;
  readonly judged: readonly Judged[];
  /** To be called in long loops: throws TooLarge once the one who asked gives up. */
  readonly step: () => void;

  /**
   * Of configs, or of some of their flows; those that hold for no packet of the family are left out.
   * `asked`: what packets are asked about besides, so that it can be said in this world. Throws TooLarge once
   * `options.stop` says true; so does what works in its diagram.
   */
  constructor(
    configs: readonly (Config | readonly FlowInForce[])[],
    direction: Direction,
    family: Family,
    options: AnalysisOptions,
    asked: readonly Reach[] = [],
  ) {
    this.step = stopper(options.stop);
    this.step();
    const meaning = meaningOf(options);
    const reaches = [...asked];
    const flows = configs.map((config) => {
      const found: Endings[] = [];
      for (const { flow, flowIndex } of "items" in config ? flowsInForce(config, direction) : config) {
        const { endings, any } = reachesOf(flow, family);
        if (!any) continue;
        found.push({ flow, flowIndex, endings });
        for (const { reach } of endings) if (reach) reaches.push(reach);
      }
      return found;
    });
    this.direction = direction;
    this.meaning = meaning;
    this.world = worldOf(family, reaches);
    this.diagram = new Diagram(LEVELS, undefined, this.step);
    let base = 1;
    const boxes = boxesOnce(this.world, meaning);
    this.judged = flows.map((some): Judged => {
      const rules = judgingRules(some, boxes, this.step);
      const { world } = this;
      let index: RuleIndex | null = null;
      const judged: Judged = {
        rules,
        base,
        get index() {
          index ??= new RuleIndex(rules, world);
          return index;
        },
      };
      base += rules.length;
      return judged;
    });
  }

  /** An empty diagram, so that one answer leaves the next one its room; `mostEdges`: see Diagram. */
  renew(mostEdges?: number): void {
    this.diagram = new Diagram(LEVELS, mostEdges, this.step);
  }

  /** The rule that decides a packet of this direction and family; null when no flow decides. */
  decide({ rules, index }: Judged, packet: Packet): JudgingRule | null {
    return rules[index.decider(valuesOf(this.world, packet))] ?? null;
  }

  /**
   * For each packet of a region the rule that decides it, NONE elsewhere and where none does. Of the rules from place
   * `from` on, and before `to`; `passed`: is it known of a flow, by its index, that it decides none of the packets? Throws TooLarge.
   */
  decisions(
    judged: Judged,
    region: Region,
    from = 0,
    to = judged.rules.length,
    passed: (flowIndex: number) => boolean = NO_FLOW,
  ): Node {
    return this.#inside(
      region,
      this.#byFlow(judged, region.box, from, to, (number) => number, passed),
    );
  }

  /** The packets of a region that some rule decides: who does is not told, which keeps it small. Throws TooLarge. */
  decided(judged: Judged, region: Region, from = 0, to = judged.rules.length): Node {
    return this.#inside(
      region,
      this.#byFlow(judged, region.box, from, to, () => 1),
    );
  }

  #inside({ box, set }: Region, decisions: readonly Node[]): Node {
    return this.diagram.overrideAllIn(set ?? this.boxNode(box), decisions);
  }

  /** The decisions of each flow, in order; what it ignores goes on to the next one. Outside of the box they may say anything. */
  #byFlow(
    { rules, base }: Judged,
    within: Box,
    from: number,
    to: number,
    numbered: (number: number) => number,
    passed = NO_FLOW,
  ): Node[] {
    const decisions: Node[] = [];
    for (let first = from; first < to; ) {
      const flow = rules[first]?.flowIndex ?? 0;
      const parts: Part[] = [];
      const isPassed = passed(flow);
      for (; first < to && rules[first]?.flowIndex === flow; first += 1) {
        if (!isPassed) partsWithin(rules, first, within, parts);
      }
      if (parts.every(({ ignores }) => ignores)) continue;
      if (parts.some(({ ignores }) => ignores)) {
        const ended = this.#endings(parts, base);
        decisions.push(
          this.diagram.map(ended, (number) => (rules[number - base]?.ignores ? 0 : numbered(number))),
        );
      } else {
        decisions.push(...parts.map((part) => this.boxNode(part.box, terminal(numbered(base + part.at)))));
      }
    }
    return decisions;
  }

  #endings(parts: readonly Part[], base: number): Node {
    return this.diagram.overrideAll(parts.map(({ at, box }) => this.boxNode(box, terminal(base + at))));
  }

  /**
   * Which rule of one flow ends a packet's visit, an `ignore` as a `match` does. For the packets of a box; outside of it
   * it may say anything.
   */
  endings({ rules, base }: Judged, within: Box, from: number, to: number): Node {
    const parts: Part[] = [];
    for (let at = from; at < to; at += 1) partsWithin(rules, at, within, parts);
    return this.#endings(parts, base);
  }

  /** What part of all values of a field lies in an interval, 0 to 1; of interfaces and protocols each counts alike. */
  weight(level: number, low: number, high: number): number {
    const { maxima, family } = this.world;
    const ranks = level === LEVEL.dst ? this.world.dst : level === LEVEL.src ? this.world.src : null;
    if (!ranks) return (high - low + 1) / ((maxima[level] ?? 0) + 1);
    const [range] = rangesOf(ranks, [low, high]);
    return range ? Number(range.high - range.low + 1n) / 2 ** BITS[family] : 0;
  }

  /** The packets of a box. */
  boxNode(box: Box, inside: Node = terminal(1)): Node {
    return this.diagram.box(box, this.world.maxima, inside);
  }
}

/** What a rule at a place holds for. */
type Part = { at: number; ignores: boolean; box: Box };

/** Adds the boxes of a rule that have packets within another box, without what that one asks for by itself. */
function partsWithin(rules: readonly JudgingRule[], at: number, within: Box, parts: Part[]): void {
  const rule = rules[at];
  for (const whole of rule?.boxes ?? []) {
    const box = meetWithin(whole, within);
    if (box) parts.push({ at, ignores: rule?.ignores === true, box });
  }
}

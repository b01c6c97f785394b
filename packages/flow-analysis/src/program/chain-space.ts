/**
 * What chains do to every packet, as a diagram: at the end of each way stands the number of an outcome. A chain is
 * worked out once, wherever it is reached from: its diagram tells what it does to any packet that comes, and a jump
 * restricts that to the packets that jump.
 */
import type { Box } from "../space/boxes.ts";
import type { Space } from "../space/decisions.ts";
import { interfacesIn, type World } from "../space/fields.ts";
import { complement, type Intervals, intersection } from "../space/intervals.ts";
import { LEVEL } from "../space/levels.ts";
import { NONE, type Node, terminal } from "../space/node-store.ts";
import type { Direction } from "../space/rules.ts";
import type { Chains, ReadRule } from "./chains.ts";
import { type Outcome, Outcomes, UNTOUCHED } from "./outcomes.ts";
import type { Test } from "./restore-tests.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** `open`: of some packets it changes the mark and lets them go on, so what stands behind still has a say. */
export type Effect = { node: Node; open: boolean };

export class ChainSpace {
  readonly outcomes = new Outcomes();
  readonly #space: Space;
  readonly #chains: Chains;
  readonly #known = new Map<string, Effect>();
  readonly #boxes = new Map<readonly Test[], Box | null>();
  readonly #inside = new Map<Test, Inside>();

  /** The chains lead to an end. */
  constructor(space: Space, chains: Chains) {
    this.#space = space;
    this.#chains = chains;
  }

  /** What a chain does with the packets that come to it; RETURN and its end are one. Throws TooLarge, UnreadableProgram. */
  #effectOf(name: string): Effect {
    const known = this.#known.get(name);
    if (known) return known;
    this.#space.step();
    const rules = this.#chains.get(name) ?? [];
    const effects: Effect[] = [];
    for (let at = 0; at < rules.length; ) at = this.effectAt(rules, at, effects);
    const node = this.#turned(this.inOrder(effects), "return", "on");
    const effect = { node, open: this.#ends(node, "on") };
    this.#known.set(name, effect);
    return effect;
  }

  /** Adds what the rule at a place does, if anything, and gives the place behind. */
  effectAt(rules: readonly ReadRule[], at: number, effects: Effect[]): number {
    const [rule, next] = [rules[at], rules[at + 1]];
    if (!rule || rule.target.does === "nothing") return at + 1;
    const box = this.#boxOf(rule.tests);
    // A mark and the end of the visit for the same packets are one step.
    const isPair = rule.target.does === "mark" && next?.target.does === "accept" && next.asks === rule.asks;
    if (box) effects.push(this.#effect(rule, box, isPair ? "accept" : "on"));
    return at + (isPair ? 2 : 1);
  }

  #effect({ target }: ReadRule, box: Box, markedEnds: "accept" | "on"): Effect {
    switch (target.does) {
      case "jump": {
        const { node, open } = this.#effectOf(target.chain);
        return { node: this.#space.diagram.restrict(node, this.#space.boxNode(box)), open };
      }
      case "goto":
        return this.#gone(this.#effectOf(target.chain), box);
      case "mark": {
        const outcome: Outcome = { end: markedEnds, keep: target.keep, xor: target.xor };
        return { node: this.#all(box, outcome), open: markedEnds === "on" };
      }
      case "nothing":
        return { node: NONE, open: false };
      default:
        return { node: this.#all(box, { ...UNTOUCHED, end: target.does }), open: false };
    }
  }

  /** As behind a goto: whoever comes out of the chain leaves this one too. */
  #gone({ node, open }: Effect, box: Box): Effect {
    const { diagram } = this.#space;
    const led = diagram.restrict(node, this.#space.boxNode(box));
    const ended = open ? this.#turned(led, "on", "return") : led;
    return { node: diagram.override(ended, this.#all(box, { ...UNTOUCHED, end: "return" })), open: false };
  }

  /** The same outcome for all packets of a box. */
  #all(box: Box, outcome: Outcome): Node {
    return this.#space.boxNode(box, terminal(this.outcomes.numberOf(outcome)));
  }

  #turned(node: Node, from: "on" | "return", to: "on" | "return"): Node {
    if (!this.#ends(node, from)) return node;
    return this.#space.diagram.map(node, (number) => this.outcomes.turned(number, from, to));
  }

  /** Does anything but NONE end this way? */
  #ends(node: Node, end: Outcome["end"]): boolean {
    for (const number of this.#space.diagram.terminals(node)) {
      if (number > 0 && this.outcomes.at(number).end === end) return true;
    }
    return false;
  }

  /** One effect behind the other; halves first, as in Diagram.overrideAll. */
  inOrder(effects: readonly Effect[]): Node {
    const { diagram } = this.#space;
    if (effects.every(({ open }) => !open)) return diagram.overrideAll(effects.map(({ node }) => node));
    const [only] = effects;
    if (effects.length === 1 && only) return only.node;
    const middle = effects.length >>> 1;
    const [first, second] = [this.inOrder(effects.slice(0, middle)), this.inOrder(effects.slice(middle))];
    return diagram.pair(first, second, (a, b) => this.outcomes.chained(a, b));
  }

  /** The packets that meet all tests of a rule. */
  packetsOf(tests: readonly Test[]): Node {
    const box = this.#boxOf(tests);
    return box ? this.#space.boxNode(box) : NONE;
  }

  #boxOf(tests: readonly Test[]): Box | null {
    let box = this.#boxes.get(tests);
    if (box === undefined) {
      box = this.#meet(tests);
      this.#boxes.set(tests, box);
    }
    return box;
  }

  #meet(tests: readonly Test[]): Box | null {
    const box: (Intervals | undefined)[] = [];
    for (const test of tests) {
      let inside = this.#inside.get(test);
      if (inside === undefined) {
        inside = insideOf(test, this.#space);
        this.#inside.set(test, inside);
      }
      const before = box[inside.level];
      const both = before ? intersection(before, inside.intervals) : inside.intervals;
      if (both.length === 0) return null;
      box[inside.level] = both;
    }
    return box;
  }
}

/** The values of a field that meet a test. */
type Inside = { level: number; intervals: Intervals };

function insideOf(test: Test, { world, direction }: Space): Inside {
  const [level, intervals] = intervalsOf(test, world, direction);
  return { level, intervals: test.not ? complement(intervals, world.maxima[level] ?? 0) : intervals };
}

/** Does a test ask for something of packets of a direction that flows judge? Else it is refused. */
export function canAsk(test: Test, direction: Direction): boolean {
  if (test.of === "interface") return test.side === direction;
  return test.of === "address" || test.of === "number";
}

/** The values of a field that a test lets through, before its negation. Throws UnreadableProgram. */
function intervalsOf(test: Test, world: World, direction: Direction): [level: number, Intervals] {
  switch (test.of) {
    case "address":
      return [test.level, (test.level === LEVEL.dst ? world.dst : world.src).ranksIn(test.inside)];
    case "interface":
      if (test.side !== direction) {
        throw new UnreadableProgram(
          `what comes ${direction} is asked for the other interface, ${test.pattern}`,
        );
      }
      return [LEVEL.iface, interfacesIn(world.ifaces, [test.pattern])];
    case "number":
      return [test.level, test.inside];
    default:
      throw new UnreadableProgram(`a ${test.of} is asked for where flows judge`);
  }
}

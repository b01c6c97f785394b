/**
 * Which rules can hold for a packet, without looking at all of them: a segment tree over the destinations, and in it,
 * where many rules meet, one over the sources. A config of ten thousand flows leaves some tens of rules to look at.
 */
import type { Box } from "./boxes.ts";
import type { World } from "./fields.ts";
import type { Intervals } from "./intervals.ts";
import { LEVEL, LEVELS } from "./levels.ts";
import type { JudgingRule } from "./rules.ts";

/** A packet by its value at each level. */
export type Point = ArrayLike<number>;

/** Rules at a node that are looked at one by one; more are told apart by their sources. Measured, flat from 8 to 64. */
const FEW = 24;

type Entry = { at: number; box: Box };

export class RuleIndex {
  readonly #rules: readonly JudgingRule[];
  /** Rules that decide; those that ignore are asked only where such a rule holds. */
  readonly #byDestination: SegmentTree<SegmentTree<Entry[]> | Entry[]>;
  /** By index of the flow, the places of its rules that ignore, in order. */
  readonly #ignoring = new Map<number, number[]>();

  constructor(rules: readonly JudgingRule[], { maxima }: World) {
    this.#rules = rules;
    const entries: Entry[] = [];
    for (const [at, { boxes, ignores, flowIndex }] of rules.entries()) {
      if (!ignores) entries.push(...boxes.map((box) => ({ at, box })));
      else this.#ignoring.set(flowIndex, [...(this.#ignoring.get(flowIndex) ?? []), at]);
    }
    const destinations = treeOf(entries, LEVEL.dst, maxima);
    this.#byDestination = destinations.map((here) =>
      here.length > FEW ? treeOf(here, LEVEL.src, maxima) : here,
    );
  }

  /** Places of the rules that hold for a packet and do not ignore it, in order; whether it comes to them is not asked. */
  deciding(point: Point): number[] {
    const found: number[] = [];
    const take = (entries: readonly Entry[]) => {
      for (const { at, box } of entries) if (isIn(box, point)) found.push(at);
    };
    this.#byDestination.along(point[LEVEL.dst] ?? 0, (here) => {
      if (Array.isArray(here)) take(here);
      else here.along(point[LEVEL.src] ?? 0, take);
    });
    return found.sort((a, b) => a - b);
  }

  /** Place of the rule that decides; -1 when none does. `without`: a rule that is taken to be absent. */
  decider(point: Point, without = -1): number {
    const found = this.#firstBefore(point, this.#rules.length, without);
    return found < this.#rules.length ? found : -1;
  }

  /** The first that decides before a place; that place where none does. Rules stand at each node in order. */
  #firstBefore(point: Point, place: number, without: number): number {
    let first = place;
    const take = (entries: readonly Entry[]) => {
      for (const { at, box } of entries) {
        if (at >= first) return;
        if (at !== without && isIn(box, point) && this.#ignoredBy(point, at, without) < 0) first = at;
      }
    };
    this.#byDestination.along(point[LEVEL.dst] ?? 0, (here) => {
      if (Array.isArray(here)) take(here);
      else here.along(point[LEVEL.src] ?? 0, take);
    });
    return first;
  }

  /** Place of the rule that keeps a packet from coming to a rule: one that decides or ignores it before; -1 for none. */
  blocker(point: Point, rule: number): number {
    const before = this.#firstBefore(point, rule, -1);
    return before < rule ? before : this.#ignoredBy(point, rule, -1);
  }

  /** Place of the rule before this one, in its flow, that ignores the packet; -1 for none. */
  #ignoredBy(point: Point, rule: number, without: number): number {
    for (const at of this.#ignoring.get(this.#rules[rule]?.flowIndex ?? -1) ?? []) {
      if (at >= rule) break;
      if (at !== without && this.#rules[at]?.boxes.some((box) => isIn(box, point))) return at;
    }
    return -1;
  }
}

/** Does the packet lie in the box? */
export function isIn(box: Box, point: Point): boolean {
  for (let level = 0; level < LEVELS; level += 1) {
    const intervals = box[level];
    if (intervals && !contains(intervals, point[level] ?? 0)) return false;
  }
  return true;
}

function contains(intervals: Intervals, value: number): boolean {
  let [first, behind] = [0, intervals.length >>> 1];
  while (first < behind) {
    const middle = (first + behind) >>> 1;
    if (value < (intervals[2 * middle] ?? 0)) behind = middle;
    else if (value > (intervals[2 * middle + 1] ?? 0)) first = middle + 1;
    else return true;
  }
  return false;
}

function treeOf(entries: readonly Entry[], level: number, maxima: readonly number[]): SegmentTree<Entry[]> {
  const tree = new SegmentTree<Entry[]>(maxima[level] ?? 0);
  for (const entry of entries) {
    const intervals = entry.box[level] ?? [0, maxima[level] ?? 0];
    for (let at = 0; at < intervals.length; at += 2) {
      tree.put(intervals[at] ?? 0, intervals[at + 1] ?? 0, (here) => {
        // A box of two intervals may come to one node twice.
        if (here && here.at(-1) !== entry) here.push(entry);
        return here ?? [entry];
      });
    }
  }
  return tree;
}

/** Things by intervals of whole numbers: each stands at few nodes, and those over a number are on one way down. */
class SegmentTree<Thing> {
  readonly #size: number;
  readonly #things: Map<number, Thing>;

  constructor(max: number, things = new Map<number, Thing>()) {
    let size = 1;
    while (size <= max) size *= 2;
    this.#size = size;
    this.#things = things;
  }

  put(low: number, high: number, change: (here: Thing | undefined) => Thing): void {
    let [left, right] = [low + this.#size, high + this.#size + 1];
    while (left < right) {
      if (left & 1) this.#change(left++, change);
      if (right & 1) this.#change(--right, change);
      left >>>= 1;
      right >>>= 1;
    }
  }

  /** Whatever stands over a number. */
  along(value: number, see: (thing: Thing) => void): void {
    for (let node = value + this.#size; node > 0; node >>>= 1) {
      const thing = this.#things.get(node);
      if (thing !== undefined) see(thing);
    }
  }

  map<Other>(of: (thing: Thing) => Other): SegmentTree<Other> {
    const things = new Map([...this.#things].map(([node, thing]) => [node, of(thing)] as const));
    return new SegmentTree(this.#size - 1, things);
  }

  #change(node: number, change: (here: Thing | undefined) => Thing): void {
    this.#things.set(node, change(this.#things.get(node)));
  }
}

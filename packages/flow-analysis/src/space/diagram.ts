/**
 * An interval decision diagram (Gouda and Liu's firewall decision diagram): which rule decides a packet, as a
 * graph. A node asks one field of the packet and has an edge for each interval of its values; at the end of each way
 * stands a terminal, the number of a rule, or NONE. Equal parts of the graph are one node (hash-consing), so that two
 * sets of packets are equal when they are the same node, and what was worked out once is found again. Fields are asked in the order of their levels, each at most once on a way, so
 * recursion is never deeper than there are fields.
 */
import type { Intervals } from "./intervals.ts";
import { NONE, type Node, NodeStore, terminal, terminalNumber } from "./node-store.ts";
import { ReadableDiagram } from "./readable-diagram.ts";

/** What to make of two terminals; gives a terminal. */
type Operation = {
  id: number;
  /** The result where it can be told without looking further down; null where not. */
  short(a: Node, b: Node): Node | null;
  /** Is there nothing where `a`, or where `b`, says nothing? Then the other one is passed over there in one step. */
  empty?: "a" | "either";
};

/** Most entries of the cache of results: a lost one is worked out again. A power of two. */
const MOST_CACHED = 1 << 18;

/** Boxes that are put together before they are restricted: fewer cost a pass over the set more often. */
const TOGETHER = 128;

/** One for each world: all nodes that are combined with each other belong to one diagram. */
export class Diagram extends ReadableDiagram {
  /** Results by a hash of what they are of: operation (0: empty), a, b, result. */
  #cache = new Int32Array(4 << 10);
  /** Edges of the node that is being made, one pair of lists a level: recursion passes each level once. */
  readonly #highsOf: number[][];
  readonly #childrenOf: Node[][];
  #operations = 16;

  /** Throws once the one who asked gives up. */
  #step: () => void;

  /**
   * `levels`: how many fields there are. Throws TooLarge, from any operation, beyond `mostEdges`; `step` is called now
   * and then, and may throw it too.
   */
  constructor(levels: number, mostEdges?: number, step: () => void = () => {}) {
    super(levels, new NodeStore(mostEdges));
    this.#step = step;
    this.#highsOf = Array.from({ length: levels }, () => []);
    this.#childrenOf = Array.from({ length: levels }, () => []);
  }

  /**
   * A set of packets that is a product: for each level the intervals in which the field has to lie, absent for any.
   * `maxima`: the highest value of each field. What stands inside leads to `inside`.
   */
  box(intervals: readonly (Intervals | undefined)[], maxima: readonly number[], inside: Node): Node {
    let below = inside;
    for (let level = this.levels - 1; level >= 0; level -= 1) {
      const asked = intervals[level];
      if (asked) below = this.#choice(level, asked, maxima[level] ?? 0, below);
    }
    return below;
  }

  #choice(level: number, inside: Intervals, max: number, below: Node): Node {
    const [highs, children] = this.#begin(level);
    let next = 0;
    for (let at = 0; at < inside.length; at += 2) {
      const low = inside[at] ?? 0;
      const high = inside[at + 1] ?? 0;
      if (low > next) push(highs, children, low - 1, NONE);
      push(highs, children, high, below);
      next = high + 1;
    }
    if (next <= max) push(highs, children, max, NONE);
    return this.nodes.make(level, highs, children);
  }

  /** The first that decides: `a` where it says anything, else `b`. */
  override(a: Node, b: Node): Node {
    return this.#apply(this.#override, a, b);
  }

  readonly #override: Operation = {
    id: 1,
    short: (a, b) => {
      if (a === NONE || a === b) return b;
      return b === NONE || this.isTotal(a) ? a : null;
    },
  };

  /** `a` inside a set of packets, NONE outside; any terminal but NONE is inside. */
  restrict(a: Node, set: Node): Node {
    return this.#apply(this.#restrict, a, set);
  }

  readonly #restrict: Operation = {
    id: 2,
    empty: "either",
    short: (a, set) => {
      if (a === NONE || set === NONE) return NONE;
      return this.isTotal(set) ? a : null;
    },
  };

  /** `a` outside a set of packets, NONE inside. */
  minus(a: Node, set: Node): Node {
    return this.#apply(this.#minus, a, set);
  }

  readonly #minus: Operation = {
    id: 3,
    empty: "a",
    short: (a, set) => {
      if (a === NONE || this.isTotal(set)) return NONE;
      return set === NONE ? a : null;
    },
  };

  /** Both side by side: for each packet the terminal that `of` makes of their two numbers, 0 for NONE. */
  pair(a: Node, b: Node, of: (a: number, b: number) => number): Node {
    return this.#apply(
      {
        id: this.#newOperation(),
        short: (one, other) =>
          one < 0 && other < 0 ? terminal(of(terminalNumber(one), terminalNumber(other))) : null,
      },
      a,
      b,
    );
  }

  /** Other terminals, NONE stays: `of` gives the new number, 0 for NONE. */
  map(a: Node, of: (number: number) => number): Node {
    return this.pair(a, NONE, (number) => (number === 0 ? 0 : of(number)));
  }

  /** The first that decides of many, in order; halves first, since one by one each step would redo all before. */
  overrideAll(nodes: readonly Node[], from = 0, to = nodes.length): Node {
    if (to - from < 2) return from < to ? (nodes[from] ?? NONE) : NONE;
    const middle = (from + to) >>> 1;
    return this.override(this.overrideAll(nodes, from, middle), this.overrideAll(nodes, middle, to));
  }

  /**
   * The same inside a set of packets, NONE outside. Some are put together before they are restricted: the set may have
   * more edges than all of them.
   */
  overrideAllIn(set: Node, nodes: readonly Node[], from = 0, to = nodes.length): Node {
    if (to - from <= TOGETHER) return this.restrict(this.overrideAll(nodes, from, to), set);
    const middle = (from + to) >>> 1;
    return this.override(
      this.overrideAllIn(set, nodes, from, middle),
      this.overrideAllIn(set, nodes, middle, to),
    );
  }

  /** From now on it may be twice as large as at first. */
  moreRoom(): void {
    this.nodes.widen(2);
  }

  /** From now on it may be three times as large as at first, and only that ends it: what was found is to be told. */
  lastRoom(): void {
    this.nodes.widen(3);
    this.#step = () => {};
  }

  #newOperation(): number {
    this.#operations += 1;
    return this.#operations;
  }

  #apply(operation: Operation, a: Node, b: Node): Node {
    const known = operation.short(a, b);
    if (known !== null) return known;
    this.#step();
    this.#growCache();
    const hash = Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b) ^ operation.id;
    const slot = 4 * ((hash ^ (hash >>> 15)) & ((this.#cache.length >>> 2) - 1));
    const cache = this.#cache;
    if (cache[slot] === operation.id && cache[slot + 1] === a && cache[slot + 2] === b) {
      return cache[slot + 3] ?? NONE;
    }
    const result = this.#combine(operation, a, b);
    // A cache that grew meanwhile has other slots; this one is then written for nothing.
    cache[slot] = operation.id;
    cache[slot + 1] = a;
    cache[slot + 2] = b;
    cache[slot + 3] = result;
    return result;
  }

  /** As large as the nodes are many: small diagrams are made often. */
  #growCache(): void {
    const length = this.#cache.length;
    if (this.nodes.size > length && length < 4 * MOST_CACHED) this.#cache = new Int32Array(4 * length);
  }

  /** At the upper of their two levels, interval by interval; a node that stands lower is the same in each. */
  #combine(operation: Operation, a: Node, b: Node): Node {
    const [levelA, levelB] = [this.levelOf(a), this.levelOf(b)];
    const level = Math.min(levelA, levelB);
    const [highs, children] = this.#begin(level);
    let [edgeA, edgeB] = [
      levelA === level ? this.nodes.firstEdge(a) : -1,
      levelB === level ? this.nodes.firstEdge(b) : -1,
    ];
    const [endA, endB] = [this.nodes.firstEdge(a + 1), this.nodes.firstEdge(b + 1)];
    while ((edgeA >= 0 ? edgeA < endA : true) && (edgeB >= 0 ? edgeB < endB : true)) {
      const highA = edgeA >= 0 ? this.nodes.highOf(edgeA) : Number.POSITIVE_INFINITY;
      const highB = edgeB >= 0 ? this.nodes.highOf(edgeB) : Number.POSITIVE_INFINITY;
      const childA = edgeA >= 0 ? this.nodes.childOf(edgeA) : a;
      const childB = edgeB >= 0 ? this.nodes.childOf(edgeB) : b;
      if (edgeA >= 0 && edgeB >= 0) {
        if (operation.empty && childA === NONE && highB < highA) {
          push(highs, children, highA, NONE);
          edgeA += 1;
          edgeB = this.#edgeBehind(highA, edgeB, endB);
          continue;
        }
        if (operation.empty === "either" && childB === NONE && highA < highB) {
          push(highs, children, highB, NONE);
          edgeB += 1;
          edgeA = this.#edgeBehind(highB, edgeA, endA);
          continue;
        }
      }
      push(highs, children, Math.min(highA, highB), this.#apply(operation, childA, childB));
      if (highA <= highB && edgeA >= 0) edgeA += 1;
      if (highB <= highA && edgeB >= 0) edgeB += 1;
    }
    return this.nodes.make(level, highs, children);
  }

  /** The edge for the value behind another one: most often near, so the steps grow. */
  #edgeBehind(value: number, from: number, end: number): number {
    let step = 1;
    while (from + step < end && this.nodes.highOf(from + step) <= value) step *= 2;
    let [first, behind] = [from + (step >>> 1), Math.min(from + step, end)];
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if (this.nodes.highOf(middle) <= value) first = middle + 1;
      else behind = middle;
    }
    return first;
  }

  #begin(level: number): [number[], Node[]] {
    const highs = this.#highsOf[level] ?? [];
    const children = this.#childrenOf[level] ?? [];
    highs.length = 0;
    children.length = 0;
    return [highs, children];
  }
}

/** Neighbours that lead to the same place are one edge. */
function push(highs: number[], children: Node[], high: number, child: Node): void {
  const last = children.length - 1;
  if (last >= 0 && children[last] === child) highs[last] = high;
  else {
    highs.push(high);
    children.push(child);
  }
}

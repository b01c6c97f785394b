/** The packets that an edit gives another verdict, in one direction and family. */

import { type Box, meet, meetings } from "./space/boxes.ts";
import type { Judged, Region, Space } from "./space/decisions.ts";
import { LEVEL } from "./space/levels.ts";
import { NONE, type Node, within } from "./space/node-store.ts";
import { flowEnd, reaching } from "./space/rule-proof.ts";
import { Sampler } from "./space/sample.ts";

/** More touched rules are looked at all at once: each by itself costs a walk through both configs. */
const FEW = 32;
/** Of so many touched rules some packets are looked at first. */
const LARGE = 500;
/** Packets that are tried where there is no room for all, and kinds that are looked at around one of them. */
const DRAWS = 400;
const WITNESSES = 20;
/** Rules before one that make it late, and slices of what comes to it. */
const MANY = 1000;
const SLICES = 3;
/** A prime, so that all rules get their turn. */
const STRIDE = 7919;

/** One of the two configs. */
export type Aligned = {
  judged: Judged;
  /** Has the edit touched the rule at a place? */
  isTouched(at: number): boolean;
  /** Of the flows that both configs have whole, the indices, in order. */
  same: readonly number[];
};

export type Found = {
  /** For each packet the number of its kind. */
  differing: Node;
  /** Are there no other kinds? */
  complete: boolean;
  /** Are all packets of a kind in it? */
  isWhole(kind: number): boolean;
};

/**
 * The packets with another verdict. Each is decided, before or after, by a rule that the edit touched, or was ignored
 * by one: all others meet the same rules, that end the visits to the same flows.
 */
export class Differing {
  readonly #space: Space;
  readonly #sides: readonly [Aligned, Aligned];
  readonly #kindOf: (was: number, is: number) => number;
  #seen: Node = NONE;
  #found: Node = NONE;
  readonly #inPart = new Set<number>();

  /** `kindOf`: the number of the terminal for packets that one terminal decided and another does, 0 for none. */
  constructor(space: Space, sides: readonly [Aligned, Aligned], kindOf: (was: number, is: number) => number) {
    this.#space = space;
    this.#sides = sides;
    this.#kindOf = kindOf;
  }

  /** Incomplete when the diagram would become too large, or it is given up; what had been found by then is told. */
  find(): Found {
    const touched = this.#sides.flatMap((side) =>
      side.judged.rules.flatMap((_, at) => (side.isTouched(at) ? [{ side, at }] : [])),
    );
    // Of a large edit something is to be told also when there is no time for all of it.
    const isLarge = touched.length > LARGE;
    if (isLarge) within(() => this.#sample(touched));
    const done = within(() => {
      if (touched.length > FEW) this.#lookAtAll(touched);
      else {
        for (const { side, at } of touched) {
          for (const box of boxesThatMatter(side.judged, at)) this.#look(side, at, box);
        }
      }
      return true;
    });
    if (!done && !isLarge) within(() => this.#sample(touched));
    const complete = done ?? false;
    return { differing: this.#found, complete, isWhole: (kind) => complete && !this.#inPart.has(kind) };
  }

  /** Where there may be no room or time for all: looks around single packets that differ, whose number is kept small. */
  #sample(touched: readonly { side: Aligned; at: number }[]): void {
    const [old, next] = this.#sides.map(({ judged }) => judged);
    if (!old || !next) return;
    this.#space.diagram.moreRoom();
    const kinds = new Set<number>();
    const sampler = new Sampler(this.#space.world, touched.length);
    const evenly = Math.ceil(touched.length / FEW);
    const places = touched.flatMap(({ side, at }, index) =>
      index % evenly === 0 ? boxesThatMatter(side.judged, at) : [],
    );
    for (let draw = 0; draw < DRAWS && kinds.size < WITNESSES; draw += 1) {
      this.#space.step();
      const place = places[draw % places.length] ?? [];
      const others = draw % 2 === 0 ? old.rules : next.rules;
      // By chance few packets would be of those that other rules are about.
      const other = others[(draw * STRIDE) % others.length]?.boxes[0];
      const both = other && meet(place, other);
      const point = sampler.draw(both ?? place);
      const kind = this.#kindOf(numberAt(old, point), numberAt(next, point));
      if (kind === 0 || kinds.has(kind) || this.#space.diagram.find(this.#found, point) > 0) continue;
      kinds.add(kind);
      this.#lookAround(point);
    }
  }

  /** All packets between the same two places, of the same protocol. */
  #lookAround(point: readonly number[]): void {
    const box: Box = [LEVEL.dst, LEVEL.src, LEVEL.proto].map((level) => [
      point[level] ?? 0,
      point[level] ?? 0,
    ]);
    const [was, is] = this.#sides.map(({ judged }) => this.#space.decisions(judged, { box, set: null }));
    const { diagram } = this.#space;
    const here = diagram.pair(was ?? NONE, is ?? NONE, (a, b) => this.#kindOf(a, b));
    this.#found = diagram.override(this.#found, here);
  }

  /** All packets that touched rules hold for, whether they come to them or not: both configs are folded once. */
  #lookAtAll(touched: readonly { side: Aligned; at: number }[]): void {
    const { diagram } = this.#space;
    const boxes = touched.flatMap(({ side, at }) => side.judged.rules[at]?.boxes ?? []);
    const set = diagram.overrideAll(boxes.map((box) => this.#space.boxNode(box)));
    const [was, is] = this.#sides.map(({ judged }) => this.#space.decisions(judged, { box: [], set }));
    // Where neither decides nothing differs; what is left of the set is the same for both.
    this.#found = diagram.pair(was ?? NONE, is ?? NONE, (a, b) => this.#kindOf(a, b));
  }

  /**
   * What comes to a late rule is what thousands leave, and may have no room. Where nobody else decides it in the other
   * config, it is all of one kind: then a few slices show what there is.
   */
  #look(side: Aligned, at: number, box: Box): void {
    const slices = at > MANY && this.#isLeftAlone(side, at, box) ? this.#slices(side.judged, at, box) : [];
    for (const slice of slices) this.#lookAt(side, at, slice);
    if (slices.length === 0) this.#lookAt(side, at, box);
    else {
      const number = side.judged.base + at;
      this.#inPart.add(side === this.#sides[0] ? this.#kindOf(number, 0) : this.#kindOf(0, number));
    }
  }

  /** In the other config, does no rule decide packets that come to this one? */
  #isLeftAlone(side: Aligned, at: number, box: Box): boolean {
    if (side.judged.rules[at]?.ignores) return false;
    return this.#sides.every((other) => {
      if (other === side) return true;
      const passed = passedBefore(side, at, other);
      return other.judged.rules.every(
        ({ flowIndex, ignores, boxes }) =>
          ignores || passed(flowIndex) || boxes.every((one) => meet(one, box) === null),
      );
    });
  }

  /** Parts of a box, each of one destination, with packets that come to the rule. */
  #slices({ index }: Judged, at: number, box: Box): Box[] {
    const sampler = new Sampler(this.#space.world, at);
    const slices = new Map<number, Box>();
    for (let draw = 0; draw < DRAWS && slices.size < SLICES; draw += 1) {
      const point = sampler.draw(box);
      const dst = point[LEVEL.dst] ?? 0;
      const slice = slices.has(dst) || index.decider(point) !== at ? null : meet(box, [[dst, dst]]);
      if (slice) slices.set(dst, slice);
    }
    return [...slices.values()];
  }

  #lookAt(side: Aligned, at: number, box: Box): void {
    const { diagram } = this.#space;
    const set = diagram.minus(reaching(this.#space, side.judged, at, box), this.#seen);
    if (set === NONE) return;
    const [was, is] = this.#sides.map((one) =>
      one === side ? this.#own(side, at, { box, set }) : this.#others(side, at, one, { box, set }),
    );
    const here = diagram.pair(was ?? NONE, is ?? NONE, (a, b) => this.#kindOf(a, b));
    this.#found = diagram.override(this.#found, here);
    this.#seen = diagram.override(this.#seen, set);
  }

  /** Who decides packets that come to a rule, in its own config. */
  #own({ judged }: Aligned, at: number, region: Region): Node {
    if (judged.rules[at]?.ignores) return this.#space.decisions(judged, region, flowEnd(judged, at));
    return this.#space.diagram.map(region.set ?? NONE, () => judged.base + at);
  }

  /** And in the other one. Packets that came past a flow which both have whole go past it there too. */
  #others(side: Aligned, at: number, other: Aligned, region: Region): Node {
    const passed = passedBefore(side, at, other);
    return this.#space.decisions(other.judged, region, 0, other.judged.rules.length, passed);
  }
}

/** Flows of the other config that both have whole, and that stand before a rule's. */
function passedBefore(side: Aligned, at: number, other: Aligned): (flow: number) => boolean {
  const end = placeIn(side.same, side.judged.rules[at]?.flowIndex ?? 0);
  return (flow) => {
    const place = placeIn(other.same, flow);
    return place < end && other.same[place] === flow;
  };
}

/** How many of the numbers, which rise, are lower. */
function placeIn(rising: readonly number[], number: number): number {
  let [first, behind] = [0, rising.length];
  while (first < behind) {
    const middle = (first + behind) >>> 1;
    if ((rising[middle] ?? 0) < number) first = middle + 1;
    else behind = middle;
  }
  return first;
}

/** The number of the terminal that decides a packet; 0 where none does. */
function numberAt({ base, index }: Judged, point: readonly number[]): number {
  const place = index.decider(point);
  return place < 0 ? 0 : base + place;
}

/** The boxes of a rule; of one that ignores those parts that a later rule of its flow would take. */
function boxesThatMatter({ rules }: Judged, at: number): Box[] {
  const rule = rules[at];
  if (!rule?.ignores) return [...(rule?.boxes ?? [])];
  const parts: Box[] = [];
  for (let later = at + 1; rules[later]?.flowIndex === rule.flowIndex; later += 1) {
    if (!rules[later]?.ignores) parts.push(...meetings(rule.boxes, rules[later]?.boxes ?? []));
  }
  return parts;
}

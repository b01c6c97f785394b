/** Packets of a box, as points: its corners and what lies between. The same for the same seed. */
import { icmpProtocol, TCP, UDP } from "@flowmgr/flow-model";
import type { Box } from "./boxes.ts";
import { canDiffer, OUTSIDE, type World } from "./fields.ts";
import { complement, type Intervals, intersection } from "./intervals.ts";
import { LEVEL, LEVELS } from "./levels.ts";
import { OCCURRING } from "./reach.ts";

export class Sampler {
  readonly #maxima: readonly number[];
  #state: number;

  constructor({ maxima }: World, seed: number) {
    this.#maxima = maxima;
    this.#state = seed * 2_654_435_761 + 1;
  }

  /** The lowest corner. */
  first(box: Box): number[] {
    const point: number[] = [];
    for (let level = 0; level < LEVELS; level += 1) point.push(box[level]?.[0] ?? 0);
    return point;
  }

  /** A point of the box: of each field an end of one of its intervals, or anything in between. */
  draw(box: Box): number[] {
    const point: number[] = [];
    for (let level = 0; level < LEVELS; level += 1) {
      const intervals = box[level];
      point.push(intervals ? this.#drawFrom(intervals) : this.#between(0, this.#maxima[level] ?? 0));
    }
    return point;
  }

  /** A point of the box that lies outside of another one; null where the box is all inside. */
  drawOutside(box: Box, other: Box): number[] | null {
    const start = this.#below(LEVELS);
    for (let turn = 0; turn < LEVELS; turn += 1) {
      const level = (start + turn) % LEVELS;
      const blocked = other[level];
      if (!blocked) continue;
      const max = this.#maxima[level] ?? 0;
      const free = intersection(box[level] ?? [0, max], complement(blocked, max));
      if (free.length === 0) continue;
      const point = this.draw(box);
      point[level] = this.#drawFrom(free);
      return point;
    }
    return null;
  }

  #drawFrom(intervals: Intervals): number {
    const at = 2 * this.#below(intervals.length >>> 1);
    return this.#between(intervals[at] ?? 0, intervals[at + 1] ?? 0);
  }

  #between(low: number, high: number): number {
    switch (this.#below(4)) {
      case 0:
        return low;
      case 1:
        return high;
      default:
        return low + this.#below(high - low + 1);
    }
  }

  /** A whole number from 0 on, below the limit (mulberry32, Tommy Ettinger, public domain). */
  #below(limit: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  }
}

/** Is each packet of the inner box in the outer one? */
export function isInside(inner: Box, outer: Box, { maxima }: World): boolean {
  for (let level = 0; level < LEVELS; level += 1) {
    const wide = outer[level];
    if (!wide) continue;
    const max = maxima[level] ?? 0;
    const narrow = inner[level] ?? [0, max];
    if (intersection(narrow, complement(wide, max)).length > 0) return false;
  }
  return true;
}

/** What a packet of a box most likely looks like: usual values where they are inside, else the first that are. */
export function likelyPoint(box: Box, world: World): number[] {
  const likely = Array.from({ length: LEVELS }, (_, level) => likelyAt(box, world, level));
  const point = likely.map(([first]) => first ?? 0);
  const [sources = [], targets = []] = [likely[LEVEL.src], likely[LEVEL.dst]];
  const ends = sources
    .flatMap((from) => targets.map((to) => [from, to] as const))
    .find(([from, to]) => canDiffer(world, from, to));
  if (ends) [point[LEVEL.src], point[LEVEL.dst]] = ends;
  return point;
}

/** Addresses of a box that are looked at. */
const MOST_ENDS = 4;

/** Values of a box at one level, the likely ones first; never none. */
function likelyAt(box: Box, world: World, level: number): number[] {
  const all = box[level] ?? [0, world.maxima[level] ?? 0];
  // What no packet is may stand in any box.
  const intervals = level === LEVEL.proto ? intersection(all, OCCURRING[world.family]) : all;
  const [first = 0] = intervals;
  const usual = usualAt(level, world).filter((value) => intersection([value, value], intervals).length > 0);
  switch (level) {
    case LEVEL.src:
    case LEVEL.dst:
      // Nobody's comes first, since no other rule is about it; then where some rule begins or ends.
      return [...usual, ...lowest(intervals, 1), ...lowest(intervals, 0)];
    case LEVEL.srcport:
    case LEVEL.dstport:
      // The ends of what is written, as long as that is a port that somebody uses.
      return [...usual, ...intervals.slice(0, 2 * MOST_ENDS).filter((port) => port > 0), first];
    default:
      return [...usual, first];
  }
}

/** The few lowest values from one on. */
function lowest(intervals: Intervals, from: number): number[] {
  const values: number[] = [];
  for (let at = 0; at < intervals.length && values.length < MOST_ENDS; at += 2) {
    const [low, high] = [intervals[at] ?? 0, intervals[at + 1] ?? 0];
    for (let value = Math.max(low, from); value <= high && values.length < MOST_ENDS; value += 1)
      values.push(value);
  }
  return values;
}

/** An address that is nobody's; a port that is nobody's service (RFC 6335). */
function usualAt(level: number, world: World): number[] {
  const [outside] = OUTSIDE[world.family];
  switch (level) {
    case LEVEL.src:
      return [world.src.rankOf(outside)];
    case LEVEL.dst:
      return [world.dst.rankOf(outside)];
    case LEVEL.proto:
      return [TCP, UDP, icmpProtocol(world.family)];
    case LEVEL.srcport:
      return [49_152];
    case LEVEL.dstport:
      return [80, 443];
    case LEVEL.icmp:
      return [world.family === 4 ? 8 * 256 : 128 * 256];
    case LEVEL.iface:
      return world.ifaces.names.flatMap((name, place) => (name === "lo" ? [] : [place]));
    default:
      return [];
  }
}

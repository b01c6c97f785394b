/**
 * The packets that a rule holds for, as boxes: for each field a set of values. What the language spares and where a
 * packet has ports or an ICMP type belongs to the box itself, so nothing that works on boxes has to remember it.
 */
import { type Conditioned, ICMP6, type MeaningOptions, NEIGHBOUR_TYPES } from "@flowmgr/flow-model";
import { interfacesIn, type World } from "./fields.ts";
import { complement, type Intervals, intersection, isFull, unionOf } from "./intervals.ts";
import { LEVEL, LEVELS } from "./levels.ts";
import { codesOf, OCCURRING, type Reach, reachOf } from "./reach.ts";

/** For each level the values that the field may have; absent: any. No level is empty. */
export type Box = readonly (Intervals | undefined)[];

/** The packets of the world's family that a rule holds for, as disjoint boxes; none when it can hold for nothing. */
export function boxesOf({ conditions }: Conditioned, world: World, meaning: MeaningOptions): Box[] {
  const reach = reachOf(conditions, world.family);
  return reach ? boxesIn(reach, world, meaning) : [];
}

/** The packets of the world that lie within reach, as disjoint boxes. The world knows of it. */
export function boxesIn(reach: Reach, world: World, meaning: MeaningOptions): Box[] {
  const box = boxIn(reach, world, meaning);
  if (box === null || world.family === 4 || meaning.neighbours === "judge") return box ? [box] : [];
  return reach.neighbours ? [box] : withoutNeighbours(box, world);
}

function boxIn(
  { src, dst, iface, fixed, loopback }: Reach,
  world: World,
  meaning: MeaningOptions,
): Box | null {
  const { maxima, ifaces, notLoopback } = world;
  const box: (Intervals | undefined)[] = [];
  for (let level = 0; level < LEVELS; level += 1) box.push(fixed[level]);
  if (dst) box[LEVEL.dst] = unlessFull(world.dst.ranksIn(dst), maxima[LEVEL.dst]);
  if (src) box[LEVEL.src] = unlessFull(world.src.ranksIn(src), maxima[LEVEL.src]);
  const max = maxima[LEVEL.iface] ?? 0;
  let interfaces = iface ? interfacesIn(ifaces, iface.values) : undefined;
  if (interfaces && iface?.not) interfaces = complement(interfaces, max);
  if (meaning.loopback === "spare" && !loopback) {
    interfaces = interfaces ? intersection(interfaces, notLoopback) : notLoopback;
  }
  if (interfaces?.length === 0) return null;
  box[LEVEL.iface] = unlessFull(interfaces, max);
  return box;
}

const unlessFull = (intervals: Intervals | undefined, max: number | undefined) =>
  intervals && isFull(intervals, max ?? 0) ? undefined : intervals;

/** The packets that lie in both boxes; null when there are none. */
export function meet(one: Box, other: Box): Box | null {
  const both: (Intervals | undefined)[] = [];
  for (let level = 0; level < LEVELS; level += 1) {
    const [a, b] = [one[level], other[level]];
    const here = a && b ? intersection(a, b) : (a ?? b);
    if (here?.length === 0) return null;
    both.push(here);
  }
  return both;
}

/** The packets that lie in one of the boxes and in one of the others, as boxes. */
export function meetings(boxes: readonly Box[], others: readonly Box[]): Box[] {
  const both: Box[] = [];
  for (const one of boxes) {
    for (const other of others) {
      const here = meet(one, other);
      if (here) both.push(here);
    }
  }
  return both;
}

/** What a box asks of the packets of another one; null when none of these lie in it. */
export function meetWithin(box: Box, within: Box): Box | null {
  const asked: (Intervals | undefined)[] = [];
  for (let level = 0; level < LEVELS; level += 1) {
    const [a, b] = [box[level], within[level]];
    const here = a && b ? intersection(a, b) : a;
    if (here?.length === 0) return null;
    asked.push(here && b && areEqual(here, b) ? undefined : here);
  }
  return asked;
}

const areEqual = (one: Intervals, other: Intervals) =>
  one.length === other.length && one.every((value, at) => value === other[at]);

type Asked = [level: number, Intervals];

/** The box that meets all that is asked, several times of one level even; null when nothing can. */
function product(all: readonly Asked[], { maxima }: World): Box | null {
  const box: (Intervals | undefined)[] = Array.from({ length: LEVELS }, () => undefined);
  for (const [level, intervals] of all) {
    const before = box[level];
    const both = before ? intersection(before, intervals) : intervals;
    if (both.length === 0) return null;
    box[level] = both;
  }
  return box.map((intervals, level) => unlessFull(intervals, maxima[level]));
}

/** What no packet of the family is: it may belong to any set. */
export function impossibleBox({ family, maxima }: World): Box {
  const box: (Intervals | undefined)[] = [];
  box[LEVEL.proto] = complement(OCCURRING[family], maxima[LEVEL.proto] ?? 0);
  return box;
}

const ICMPV6: Intervals = [ICMP6, ICMP6];
const NEIGHBOUR_CODES = unionOf(NEIGHBOUR_TYPES.map(codesOf));

/** Neighbour discovery. */
export const NEIGHBOUR_BOX: Box = Object.assign([], {
  [LEVEL.proto]: ICMPV6,
  [LEVEL.icmp]: NEIGHBOUR_CODES,
});

/** Neighbour discovery taken out: what is not ICMPv6, and of ICMPv6 the other types. */
function withoutNeighbours(box: Box, world: World): Box[] {
  const { maxima } = world;
  const protocols = box[LEVEL.proto] ?? [0, maxima[LEVEL.proto] ?? 0];
  const types = box[LEVEL.icmp] ?? [0, maxima[LEVEL.icmp] ?? 0];
  const parts: Asked[][] = [
    [[LEVEL.proto, complement(ICMPV6, 255)]],
    [
      [LEVEL.proto, ICMPV6],
      [LEVEL.icmp, intersection(types, complement(NEIGHBOUR_CODES, 65_535))],
    ],
  ];
  const rest: Asked[] = box.flatMap((intervals, level) => {
    if (level === LEVEL.proto) return [[level, protocols] satisfies Asked];
    return intervals && level !== LEVEL.icmp ? [[level, intervals] satisfies Asked] : [];
  });
  return parts.flatMap((part, at) => {
    const asked = at === 0 && box[LEVEL.icmp] ? [[LEVEL.icmp, types] satisfies Asked] : [];
    const whole = product([...rest, ...part, ...asked], world);
    return whole ? [whole] : [];
  });
}

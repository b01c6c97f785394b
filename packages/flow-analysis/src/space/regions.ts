/**
 * A set of packets as few boxes that a person can read: each grown from one cell until it fits nowhere more. Boxes may
 * overlap; raw cells, which do not, are useless (one rule may make thousands).
 */
import { hasPorts, icmpProtocol } from "@flowmgr/flow-model";
import { type Box, impossibleBox, NEIGHBOUR_BOX } from "./boxes.ts";
import type { Space } from "./decisions.ts";
import { interfacesIn } from "./fields.ts";
import { complement, type Intervals, intersection, isFull, unionOf } from "./intervals.ts";
import { LEVEL, LEVELS } from "./levels.ts";
import { NONE, type Node } from "./node-store.ts";
import { isUnder } from "./words.ts";

/** The order in which a cell grows: what most rules leave open first; the protocol last, see `protocolsBeside`. */
const GROWING = [
  LEVEL.state,
  LEVEL.icmp,
  LEVEL.srcport,
  LEVEL.dstport,
  LEVEL.iface,
  LEVEL.src,
  LEVEL.dst,
  LEVEL.proto,
];

/** At most so many boxes that together hold as much of the set as so many can, and whether they hold all of it. */
export function regionsOf(space: Space, set: Node, most: number): { boxes: Box[]; whole: boolean } {
  const { diagram } = space;
  const impossible = space.boxNode(impossibleBox(space.world));
  const neighbours = space.world.family === 6 && space.meaning.neighbours === "spare";
  const spared = neighbours ? diagram.override(impossible, space.boxNode(NEIGHBOUR_BOX)) : impossible;
  const boxes: Box[] = [];
  let rest = set;
  while (rest !== NONE && boxes.length < most) {
    const cell = diagram.cell(rest);
    const wide = grown(space, diagram.override(set, spared), cell);
    // Only what names no protocol leaves out what is spared by itself.
    const box = wide[LEVEL.proto] ? grown(space, diagram.override(set, impossible), cell) : wide;
    boxes.push(box);
    rest = diagram.minus(rest, space.boxNode(box));
  }
  return { boxes, whole: rest === NONE };
}

function grown(space: Space, set: Node, cell: Box): Box {
  const { diagram, world } = space;
  let box = cell;
  for (const level of GROWING) {
    const max = world.maxima[level] ?? 0;
    const free = withLevel(box, level, undefined);
    const missing = diagram.minus(space.boxNode(free), set);
    const inside = complement(diagram.project(missing, level, max), max);
    const allowed = tellable(space, level, inside, box);
    box = withLevel(box, level, isFull(allowed, max) ? undefined : allowed);
  }
  return box;
}

/** Of the values that a field may have in a box those that words can tell. */
function tellable(space: Space, level: number, inside: Intervals, box: Box): Intervals {
  if (level === LEVEL.proto) return intersection(inside, protocolsBeside(space, box));
  if (level === LEVEL.iface) return interfacesBeside(space, inside, box[LEVEL.iface]?.[0] ?? 0);
  return inside;
}

/**
 * An interface under a pattern that is left out is told by itself: "all but eth+" would not mean eth0. So is lo, where
 * only what names it means it; `lo+` does.
 */
function interfacesBeside({ world, meaning }: Space, free: Intervals, own: number): Intervals {
  const { names, placeOf } = world.ifaces;
  const naming = interfacesIn(world.ifaces, [placeOf.has("lo+") ? "lo+" : "lo"]);
  const besideLo = own === placeOf.get("lo") ? naming : world.notLoopback;
  const inside = meaning.loopback === "spare" ? intersection(free, besideLo) : free;
  const leftOut = complement(inside, names.length - 1);
  const isHidden = (place: number) =>
    names.some((name, at) => isUnder(names[place] ?? "", name) && intersection([at, at], leftOut).length > 0);
  if (isHidden(own)) return [own, own];
  const told = names.flatMap((_, place) => (isHidden(place) ? [] : [[place, place] as const]));
  return intersection(inside, unionOf(told));
}

function withLevel(box: Box, level: number, intervals: Intervals | undefined): Box {
  return Array.from({ length: LEVELS }, (_, at) => (at === level ? intervals : box[at]));
}

/** Where a box asks for ports or an ICMP type, only protocols that have them can be meant. */
function protocolsBeside({ world }: Space, box: Box): Intervals {
  const max = world.maxima[LEVEL.proto] ?? 0;
  if (box[LEVEL.icmp]) return unionOf([[icmpProtocol(world.family), icmpProtocol(world.family)]]);
  if (!box[LEVEL.srcport] && !box[LEVEL.dstport]) return [0, max];
  const all = Array.from({ length: max + 1 }, (_, number) => number);
  return unionOf(all.filter(hasPorts).map((number) => [number, number]));
}

/**
 * The packets that a rule holds for, as boxes: for each field a set of values. What the language spares and where a
 * packet has ports or an ICMP type belongs to the box itself, so nothing that works on boxes has to remember it.
 */
import {
  addressSet,
  type Condition,
  type Conditioned,
  type Conditions,
  type Family,
  type Flow,
  ICMP_ERROR_TYPES,
  ICMP6,
  icmpErrorDestinations,
  icmpFamily,
  icmpProtocol,
  type MeaningOptions,
  NEIGHBOUR_TYPES,
  namesLoopback,
  namesProtocol,
  parseEach,
  parseIcmpType,
  parsePorts,
  parseProtocol,
  protocolOccurs,
  protocolsWithPorts,
  STATES,
  setOf,
} from "@flowmgr/flow-model";
import { interfacesIn, LEVEL, LEVELS, ranksIn, type World } from "./fields.ts";
import { complement, type Intervals, intersection, isFull, unionOf } from "./intervals.ts";

const pair = (value: number): [number, number] => [value, value];
const single = (value: number): Intervals => [value, value];
/** Every code of an ICMP type. */
const codesOf = (type: number): [number, number] => [type * 256, type * 256 + 255];

/** Protocols that a packet of the family can have; 0 is none. */
const OCCURRING: Record<Family, Intervals> = { 4: occurring(4), 6: occurring(6) };

function occurring(family: Family): Intervals {
  const numbers = Array.from({ length: 255 }, (_, at) => at + 1);
  return unionOf(numbers.filter((number) => protocolOccurs(number, family)).map(pair));
}

/** For each level the values that the field may have; absent: any. No level is empty. */
export type Box = readonly (Intervals | undefined)[];

/** The packets of the world's family that a rule holds for, as disjoint boxes; none when it can hold for nothing. */
export function boxesOf({ conditions }: Conditioned, world: World, meaning: MeaningOptions): Box[] {
  const asked = conditionSets(conditions, world);
  asked.push([LEVEL.proto, OCCURRING[world.family]]);
  if (meaning.loopback === "spare" && !namesLoopback(conditions)) asked.push(notLoopback(world));
  const box = product(asked, world);
  if (box === null || world.family === 4 || meaning.neighbours === "judge") return box ? [box] : [];
  return namesProtocol(conditions, ICMP6) ? [box] : withoutNeighbours(box, world);
}

/** The ICMP errors that the end of a director flow gives to its director. */
export function icmpErrorBoxes(flow: Flow, world: World, meaning: MeaningOptions): Box[] {
  const { family } = world;
  const destinations = setOf(icmpErrorDestinations(flow))[family];
  if (destinations.length === 0) return [];
  const asked: Asked[] = [
    [LEVEL.dst, ranksIn(world.dst, destinations)],
    [LEVEL.proto, single(icmpProtocol(family))],
    [LEVEL.icmp, unionOf(ICMP_ERROR_TYPES[family].map(codesOf))],
  ];
  if (meaning.loopback === "spare") asked.push(notLoopback(world));
  const box = product(asked, world);
  return box ? [box] : [];
}

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
  return box.map((intervals, level) =>
    intervals && !isFull(intervals, maxima[level] ?? 0) ? intervals : undefined,
  );
}

function conditionSets(conditions: Conditions, world: World): Asked[] {
  const { iface, proto, src, dst, srcport, dstport, icmptype, state } = conditions;
  const { maxima } = world;
  const unless = (condition: Condition, level: number, inside: Intervals): Asked => {
    if (condition.values.length === 0) return [level, []];
    return [level, condition.not ? complement(inside, maxima[level] ?? 0) : inside];
  };
  const asked: Asked[] = [];
  if (iface) asked.push(unless(iface, LEVEL.iface, interfacesIn(world.ifaces, iface.values)));
  if (proto) asked.push(unless(proto, LEVEL.proto, protocolsIn(proto, world.family)));
  if (src) asked.push(addresses(src, LEVEL.src, world));
  if (dst) asked.push(addresses(dst, LEVEL.dst, world));
  if (srcport) asked.push(unless(srcport, LEVEL.srcport, portsIn(srcport)));
  if (dstport) asked.push(unless(dstport, LEVEL.dstport, portsIn(dstport)));
  if (srcport || dstport) asked.push([LEVEL.proto, unionOf(protocolsWithPorts(conditions).map(pair))]);
  if (icmptype) {
    const family = icmpFamily(conditions);
    asked.push([LEVEL.proto, family === world.family ? single(icmpProtocol(family)) : []]);
    asked.push(unless(icmptype, LEVEL.icmp, icmpTypesIn(icmptype, family)));
  }
  if (state) {
    const places = STATES.flatMap((name, place) => (state.values.includes(name) ? [place] : []));
    asked.push(unless(state, LEVEL.state, unionOf(places.map(pair))));
  }
  return asked;
}

/** Negated or not, only for packets of a family that stands in the list. */
function addresses({ not, values }: Condition, level: 0 | 1, world: World): Asked {
  const ranges = addressSet(values)[world.family];
  const inside = ranksIn(level === LEVEL.dst ? world.dst : world.src, ranges);
  if (ranges.length === 0 || !not) return [level, inside];
  return [level, complement(inside, world.maxima[level] ?? 0)];
}

function protocolsIn({ values }: Condition, family: Family): Intervals {
  const numbers = parseEach(values, parseProtocol).filter((number) => protocolOccurs(number, family));
  return unionOf(numbers.map(pair));
}

const portsIn = ({ values }: Condition): Intervals =>
  unionOf(parseEach(values, parsePorts).map(({ low, high }) => [low, high]));

function icmpTypesIn({ values }: Condition, family: Family): Intervals {
  const types = parseEach(values, (text) => parseIcmpType(text, family));
  return unionOf(
    types.map((type) => {
      if ("any" in type) return [0, 65_535];
      return type.code === null ? codesOf(type.type) : pair(type.type * 256 + type.code);
    }),
  );
}

/** What no packet of the family is: it may belong to any set. */
export function impossibleBox({ family, maxima }: World): Box {
  const box: (Intervals | undefined)[] = [];
  box[LEVEL.proto] = complement(OCCURRING[family], maxima[LEVEL.proto] ?? 0);
  return box;
}

const NEIGHBOUR_CODES = unionOf(NEIGHBOUR_TYPES.map(codesOf));

/** Neighbour discovery. */
export const NEIGHBOUR_BOX: Box = Object.assign([], {
  [LEVEL.proto]: single(ICMP6),
  [LEVEL.icmp]: NEIGHBOUR_CODES,
});

function notLoopback({ ifaces, maxima }: World): Asked {
  return [LEVEL.iface, complement(interfacesIn(ifaces, ["lo"]), maxima[LEVEL.iface] ?? 0)];
}

/** Neighbour discovery taken out: what is not ICMPv6, and of ICMPv6 the other types. */
function withoutNeighbours(box: Box, world: World): Box[] {
  const { maxima } = world;
  const protocols = box[LEVEL.proto] ?? [0, maxima[LEVEL.proto] ?? 0];
  const types = box[LEVEL.icmp] ?? [0, maxima[LEVEL.icmp] ?? 0];
  const parts: Asked[][] = [
    [[LEVEL.proto, complement(single(ICMP6), 255)]],
    [
      [LEVEL.proto, single(ICMP6)],
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

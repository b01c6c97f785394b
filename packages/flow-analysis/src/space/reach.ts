/**
 * What conditions ask for in one family, read once and kept: whatever else is looked at, it stays the same. A space is
 * made of it without parsing anything again, and two reaches tell at once that they have no packet in common.
 */
import {
  addressSet,
  type Condition,
  type Conditions,
  type Family,
  type Flow,
  ICMP_ERROR_TYPES,
  ICMP6,
  icmpErrorDestinations,
  icmpFamily,
  icmpProtocol,
  namesLoopback,
  namesProtocol,
  parseEach,
  parseIcmpType,
  parseProtocol,
  portSet,
  protocolOccurs,
  protocolsWithPorts,
  STATES,
  setOf,
} from "@flowmgr/flow-model";
import {
  type Addresses,
  addressesIn,
  commonAddresses,
  holds,
  type Key,
  outside,
  overlap,
} from "./addresses.ts";
import { complement, haveCommon, type Intervals, intersection, isFull, unionOf } from "./intervals.ts";
import { HIGHEST, LEVEL } from "./levels.ts";

export type Reach = {
  /** Absent: any. None is empty. */
  src: Addresses | null;
  dst: Addresses | null;
  iface: Condition | null;
  /** By level, what is asked of the fields that are numbers by themselves; absent: any. None is empty. */
  fixed: readonly (Intervals | undefined)[];
  /** Does it name what the language spares? */
  loopback: boolean;
  neighbours: boolean;
};

type ByFamily = Readonly<Record<Family, Reach | null>>;

/** Keyed by the values themselves: nothing changes them in place. */
const ofConditions = new WeakMap<Conditions, ByFamily>();
const ofFlows = new WeakMap<Flow, ByFamily>();

/** What the conditions, their lists expanded, ask of a packet of the family; null when none can meet them. */
export function reachOf(conditions: Conditions, family: Family): Reach | null {
  let reach = ofConditions.get(conditions);
  if (!reach) {
    reach = { 4: read(conditions, 4), 6: read(conditions, 6) };
    ofConditions.set(conditions, reach);
  }
  return reach[family];
}

/** The ICMP errors that the end of a director flow gives to its director; null where there are none. */
export function errorReach(flow: Flow, family: Family): Reach | null {
  if (flow.policy?.action !== "director") return null;
  let reach = ofFlows.get(flow);
  if (!reach) {
    const destinations = setOf(icmpErrorDestinations(flow));
    reach = { 4: errorsTo(addressesIn(destinations, 4), 4), 6: errorsTo(addressesIn(destinations, 6), 6) };
    ofFlows.set(flow, reach);
  }
  return reach[family];
}

/** What may end a packet's visit to a flow: `rule` by its index, null for the flow's end. */
export type Ending = { rule: number | null; ignores: boolean; reach: Reach | null };

type Reaches = {
  /** Of each rule that is on, and of the flow's end where that takes something. */
  endings: readonly Ending[];
  /** Does any packet of the family meet any of them? */
  any: boolean;
  /** Of those that decide: what a flow only ignores goes on as if the flow were not there. */
  deciding: readonly Reach[];
};

const ofRules = new WeakMap<Flow, Record<Family, Reaches>>();

/** What the rules of a flow ask for that some packet of the family can meet. */
export function reachesOf(flow: Flow, family: Family): Reaches {
  let reaches = ofRules.get(flow);
  if (!reaches) {
    reaches = { 4: readFlow(flow, 4), 6: readFlow(flow, 6) };
    ofRules.set(flow, reaches);
  }
  return reaches[family];
}

function readFlow(flow: Flow, family: Family): Reaches {
  const endings: Ending[] = [];
  for (const [rule, { off, verb, conditions }] of flow.rules.entries()) {
    if (!off) endings.push({ rule, ignores: verb === "ignore", reach: reachOf(conditions, family) });
  }
  const errors = errorReach(flow, family);
  if (errors) endings.push({ rule: null, ignores: false, reach: errors });
  const deciding = endings.flatMap(({ ignores, reach }) => (ignores || reach === null ? [] : [reach]));
  return { endings, any: endings.some(({ reach }) => reach !== null), deciding };
}

function errorsTo(dst: Addresses, family: Family): Reach | null {
  if (dst.length === 0) return null;
  const fixed: Intervals[] = [];
  fixed[LEVEL.proto] = single(icmpProtocol(family));
  fixed[LEVEL.icmp] = unionOf(ICMP_ERROR_TYPES[family].map(codesOf));
  return { src: null, dst, iface: null, fixed, loopback: false, neighbours: true };
}

const pair = (value: number): [number, number] => [value, value];
const single = (value: number): Intervals => [value, value];
/** Every code of an ICMP type. */
export const codesOf = (type: number): [number, number] => [type * 256, type * 256 + 255];

/** Protocols that a packet of the family can have; 0 is none. */
export const OCCURRING: Record<Family, Intervals> = { 4: occurring(4), 6: occurring(6) };

function occurring(family: Family): Intervals {
  const numbers = Array.from({ length: 255 }, (_, at) => at + 1);
  return unionOf(numbers.filter((number) => protocolOccurs(number, family)).map(pair));
}

function read(conditions: Conditions, family: Family): Reach | null {
  const fixed = fixedOf(conditions, family);
  const src = askedAddresses(conditions.src, family);
  const dst = askedAddresses(conditions.dst, family);
  if (!fixed || src?.length === 0 || dst?.length === 0 || conditions.iface?.values.length === 0) return null;
  return {
    src,
    dst,
    iface: conditions.iface ?? null,
    fixed,
    loopback: namesLoopback(conditions),
    neighbours: namesProtocol(conditions, ICMP6),
  };
}

/** Negated or not, only for packets of a family that stands in the list. */
function askedAddresses(condition: Condition | undefined, family: Family): Addresses | null {
  if (!condition) return null;
  const inside = addressesIn(addressSet(condition.values), family);
  return condition.not && inside.length > 0 ? outside(inside, family) : inside;
}

/** Null when nothing can meet it. */
function fixedOf(conditions: Conditions, family: Family): (Intervals | undefined)[] | null {
  const { proto, srcport, dstport, icmptype, state } = conditions;
  const fixed: (Intervals | undefined)[] = [];
  const ask = (level: number, intervals: Intervals) => {
    const before = fixed[level];
    fixed[level] = before ? intersection(before, intervals) : intervals;
  };
  const unless = (condition: Condition, level: number, inside: Intervals) => {
    const { not, values } = condition;
    ask(level, values.length === 0 ? [] : not ? complement(inside, HIGHEST[level] ?? 0) : inside);
  };
  ask(LEVEL.proto, OCCURRING[family]);
  if (proto) unless(proto, LEVEL.proto, protocolsIn(proto, family));
  if (srcport) unless(srcport, LEVEL.srcport, portsIn(srcport));
  if (dstport) unless(dstport, LEVEL.dstport, portsIn(dstport));
  if (srcport || dstport) ask(LEVEL.proto, unionOf(protocolsWithPorts(conditions).map(pair)));
  if (icmptype) {
    const meant = icmpFamily(conditions);
    ask(LEVEL.proto, meant === family ? single(icmpProtocol(family)) : []);
    unless(icmptype, LEVEL.icmp, icmpTypesIn(icmptype, meant));
  }
  if (state) {
    const places = STATES.flatMap((name, place) => (state.values.includes(name) ? [place] : []));
    unless(state, LEVEL.state, unionOf(places.map(pair)));
  }
  if (fixed.some((intervals) => intervals?.length === 0)) return null;
  return fixed.map((intervals, level) =>
    intervals && isFull(intervals, HIGHEST[level] ?? 0) ? undefined : intervals,
  );
}

function protocolsIn({ values }: Condition, family: Family): Intervals {
  const numbers = parseEach(values, parseProtocol).filter((number) => protocolOccurs(number, family));
  return unionOf(numbers.map(pair));
}

const portsIn = ({ values }: Condition): Intervals => portSet(values).flatMap(({ low, high }) => [low, high]);

function icmpTypesIn({ values }: Condition, family: Family): Intervals {
  const types = parseEach(values, (text) => parseIcmpType(text, family));
  return unionOf(
    types.map((type) => {
      if ("any" in type) return [0, 65_535];
      return type.code === null ? codesOf(type.type) : pair(type.type * 256 + type.code);
    }),
  );
}

/** Can a packet meet both? False only where none can; interfaces and what is spared are not looked at. */
export function mayMeet(one: Reach, other: Reach): boolean {
  if (one.dst && other.dst && !overlap(one.dst, other.dst)) return false;
  if (one.src && other.src && !overlap(one.src, other.src)) return false;
  for (let level = LEVEL.proto; level < one.fixed.length && level < other.fixed.length; level += 1) {
    const [a, b] = [one.fixed[level], other.fixed[level]];
    if (a && b && !haveCommon(a, b)) return false;
  }
  return true;
}

/** Of any packet. */
export const EVERY: Reach = {
  src: null,
  dst: null,
  iface: null,
  fixed: [],
  loopback: true,
  neighbours: true,
};

/** Holds for every packet that both hold for, and perhaps for more; null: there is none. */
export function bothOf(one: Reach, other: Reach): Reach | null {
  if (!mayMeet(one, other)) return null;
  const addresses = (a: Addresses | null, b: Addresses | null) => (a && b ? commonAddresses(a, b) : (a ?? b));
  const fixed = Array.from({ length: Math.max(one.fixed.length, other.fixed.length) }, (_, level) => {
    const [a, b] = [one.fixed[level], other.fixed[level]];
    return a && b ? intersection(a, b) : (a ?? b);
  });
  return {
    src: addresses(one.src, other.src),
    dst: addresses(one.dst, other.dst),
    iface: one.iface ?? other.iface,
    fixed,
    loopback: one.loopback || other.loopback,
    neighbours: one.neighbours || other.neighbours,
  };
}

/** Those that no other one holds already. */
export function withoutCovered(reaches: readonly Reach[]): Reach[] {
  const kept: Reach[] = [];
  for (const [at, one] of reaches.entries()) {
    const isCovered = (other: Reach, index: number) =>
      index !== at && covers(other, one) && (index < at || !covers(one, other));
    if (!reaches.some(isCovered)) kept.push(one);
  }
  return kept;
}

/** Does the first hold for every packet that the other one holds for? */
function covers(wide: Reach, one: Reach): boolean {
  if (wide.iface || (one.loopback && !wide.loopback) || (one.neighbours && !wide.neighbours)) return false;
  const areCovered = (all: Addresses | null, some: Addresses | null) =>
    all === null || (some !== null && areSame(commonAddresses(all, some), some));
  if (!areCovered(wide.dst, one.dst) || !areCovered(wide.src, one.src)) return false;
  return wide.fixed.every((all, level) => {
    const some = one.fixed[level];
    return all === undefined || (some !== undefined && areSame(intersection(all, some), some));
  });
}

const areSame = (one: readonly Key[], other: readonly Key[]) =>
  one.length === other.length && one.every((value, at) => value === other[at]);

/** The fields of a packet that reaches tell apart, by their levels; interfaces are not among them. */
export type Point = { dst: Key; src: Key; fixed: readonly number[] };

/** May the packet be within reach? False only where it is not. */
export function isInReach({ dst, src, fixed }: Reach, point: Point): boolean {
  if (dst && !holds(dst, point.dst)) return false;
  if (src && !holds(src, point.src)) return false;
  for (let level = LEVEL.proto; level < fixed.length; level += 1) {
    const [inside, value] = [fixed[level], point.fixed[level] ?? 0];
    if (inside && !haveCommon(inside, [value, value])) return false;
  }
  return true;
}

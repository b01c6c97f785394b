/**
 * What of a rule fits into one iptables rule, and so how many one rule becomes: lists of several values are said by a
 * rule for each combination, where iptables knows no list. The compiler writes as many, and `check` refuses what would
 * be too many.
 */
import { addressSet, isEvery } from "./address-set.ts";
import type { Family } from "./family.ts";
import { icmpFamily, icmpProtocol, letsProtocol, protocolsThatCarryPorts } from "./holds.ts";
import { parseIcmpType, widestIcmpTypes } from "./icmp.ts";
import { widestInterfaces } from "./names.ts";
import { otherPorts, type Ports, portSet } from "./ports.ts";
import { parseProtocol, protocolOccurs } from "./protocols.ts";
import type { Condition, Conditions } from "./schema.ts";
import { STATES } from "./states.ts";
import { parseEach } from "./value.ts";

/** Most iptables rules that one rule may become in a family; beyond, an apply would take minutes. */
export const MOST_COMBINATIONS = 4096;

/**
 * More networks than this in an address condition, in a family, are asked of a set that the kernel keeps beside its rules
 * (ipset), where there is one: a lookup costs as much as 30 to 40 networks that are asked one by one in nft, 55 to 65 in
 * legacy, however many it holds (docs/decisions/0010-large-lists.md).
 */
export const LARGE_LIST = 48;

/** A range, of which a negated list is made, costs as much as so many networks: 21 to 45 ns. */
const RANGE_COST = 6;

/** Without sets: every list is written out. */
export const NO_SETS = Number.POSITIVE_INFINITY;

/** Matches of one module in an iptables rule: iptables-restore takes 255 words a line, and each needs five. */
export const MOST_REPEATED = 12;

/** Slots of one multiport match, of which a range takes two (XT_MULTI_PORTS, linux/netfilter/xt_multiport.h). */
const MULTIPORT_SLOTS = 15;

/**
 * How many iptables rules these conditions become in a family, named lists expanded, where more than `largeList`
 * networks are a set; 0 where they cannot hold.
 */
export function combinationsOf(conditions: Conditions, family: Family, largeList = NO_SETS): number {
  if (!stateIsPossible(conditions.state)) return 0;
  const sets = largeConditions(conditions, family, largeList);
  return (
    (sets.src ? 1 : addresses(conditions.src, family)) *
    (sets.dst ? 1 : addresses(conditions.dst, family)) *
    interfaces(conditions.iface) *
    payloads(conditions, family)
  );
}

function stateIsPossible(state: Condition | undefined): boolean {
  if (!state) return true;
  const named = STATES.filter((one) => state.values.includes(one)).length;
  return state.not ? named < STATES.length : named > 0;
}

/** A rule for each network; negated, all ranges in one rule, or a rule for each stretch of the address space. */
function addresses(condition: Condition | undefined, family: Family): number {
  if (!condition) return 1;
  const { [family]: ranges, networks } = addressSet(condition.values);
  if (!condition.not) return networks[family].length;
  return isEvery(ranges, family) ? 0 : Math.ceil(ranges.length / MOST_REPEATED);
}

const NEITHER = { src: false, dst: false };

/**
 * Which of the address conditions are asked of a set in a family: those that would cost more than `largeList` networks,
 * and of two that multiply to more rules than that the larger one.
 */
export function largeConditions(
  { src, dst }: Conditions,
  family: Family,
  largeList: number,
): { src: boolean; dst: boolean } {
  // Most rules name one address or none.
  if ((src?.values.length ?? 1) * (dst?.values.length ?? 1) * RANGE_COST <= largeList) return NEITHER;
  const [sources, destinations] = [costOf(src, family), costOf(dst, family)];
  const large = { src: sources > largeList, dst: destinations > largeList };
  if (large.src || large.dst || addresses(src, family) * addresses(dst, family) <= largeList) return large;
  return sources > destinations ? { src: true, dst: false } : { src: false, dst: true };
}

/** In networks that are asked one by one. One that is negated needs no range. */
function costOf(condition: Condition | undefined, family: Family): number {
  if (!condition) return 0;
  const { [family]: ranges, networks } = addressSet(condition.values);
  return condition.not && networks[family].length > 1 ? ranges.length * RANGE_COST : networks[family].length;
}

/** A rule for each pattern that no other one covers; negated, chains decide them. */
function interfaces(condition: Condition | undefined): number {
  if (!condition) return 1;
  if (condition.not) return condition.values.includes("+") ? 0 : 1;
  return widestInterfaces(condition.values).length;
}

function payloads(conditions: Conditions, family: Family): number {
  const { proto, srcport, dstport, icmptype } = conditions;
  if (icmptype) return srcport || dstport ? 0 : icmpTypes(conditions, icmptype, family);
  if (srcport || dstport) {
    const protocols = protocolsThatCarryPorts({ conditions }).length;
    return protocols * portMatches(srcport) * portMatches(dstport);
  }
  if (!proto || proto.not) return 1;
  const named = new Set(parseEach(proto.values, parseProtocol));
  return [...named].filter((number) => protocolOccurs(number, family)).length;
}

function icmpTypes(conditions: Conditions, { not, values }: Condition, family: Family): number {
  if (icmpFamily(conditions) !== family || !letsProtocol(conditions, icmpProtocol(family))) return 0;
  const types = widestIcmpTypes(parseEach(values, (text) => parseIcmpType(text, family)));
  if (types === "any") return not ? 0 : 1;
  return not ? 1 : types.length;
}

function portMatches(condition: Condition | undefined): number {
  if (!condition) return 1;
  const named = portSet(condition.values);
  return multiports(condition.not ? otherPorts(named) : named).length;
}

/** Keyed by the ports themselves, which rules that name one list share (`portSet`). */
const known = new WeakMap<readonly Ports[], readonly (readonly Ports[])[]>();

/** Merged ports in as many parts as they need multiport matches, filled in order. */
export function multiports(ranges: readonly Ports[]): readonly (readonly Ports[])[] {
  const before = known.get(ranges);
  if (before) return before;
  const matches: Ports[][] = [];
  let left = 0;
  for (const range of ranges) {
    const slots = range.low === range.high ? 1 : 2;
    if (slots > left) {
      matches.push([]);
      left = MULTIPORT_SLOTS;
    }
    matches.at(-1)?.push(range);
    left -= slots;
  }
  if (ranges.length > 1) known.set(ranges, matches);
  return matches;
}

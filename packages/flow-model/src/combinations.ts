/**
 * How many iptables rules one rule becomes: lists of several values are said by a rule for each combination, where
 * iptables knows no list. The compiler writes as many, and `check` refuses what would be too many.
 */
import { type AddressSet, addressSet, isEvery } from "./address-set.ts";
import type { Family } from "./family.ts";
import { icmpFamily, icmpProtocol, letsProtocol, protocolsThatCarryPorts } from "./holds.ts";
import { parseIcmpType } from "./icmp.ts";
import { mergePorts, otherPorts, type Ports, parsePorts } from "./ports.ts";
import { parseProtocol, protocolOccurs } from "./protocols.ts";
import type { Condition, Conditions } from "./schema.ts";
import { STATES } from "./states.ts";
import { parseEach } from "./value.ts";

/** Most iptables rules that one rule may become in a family; beyond, an apply would take minutes. */
export const MOST_COMBINATIONS = 4096;

/** Slots of one multiport match, of which a range takes two (XT_MULTI_PORTS, linux/netfilter/xt_multiport.h). */
const MULTIPORT_SLOTS = 15;

/** Matches of one module in an iptables rule: iptables-restore takes 255 words a line, and each needs five. */
const MOST_REPEATED = 12;

/** How many iptables rules these conditions become in a family, named lists expanded; 0 where they cannot hold. */
export function combinationsOf(conditions: Conditions, family: Family): number {
  if (!stateIsPossible(conditions.state)) return 0;
  return (
    addresses(conditions.src, family) *
    addresses(conditions.dst, family) *
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
  const set: AddressSet = addressSet(condition.values);
  const ranges = set[family];
  if (!condition.not) return set.networks[family];
  return isEvery(ranges, family) ? 0 : Math.ceil(ranges.length / MOST_REPEATED);
}

/** A rule for each pattern that no other one covers; negated, chains decide them. */
function interfaces(condition: Condition | undefined): number {
  if (!condition) return 1;
  const patterns = new Set(condition.values);
  if (condition.not) return patterns.has("+") ? 0 : 1;
  return [...patterns].filter((pattern) => !isCovered(pattern, patterns)).length;
}

function isCovered(pattern: string, patterns: ReadonlySet<string>): boolean {
  const start = pattern.endsWith("+") ? pattern.slice(0, -1) : `${pattern} `;
  for (let length = 0; length < start.length; length += 1) {
    if (patterns.has(`${start.slice(0, length)}+`)) return true;
  }
  return false;
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
  const types = parseEach(values, (text) => parseIcmpType(text, family));
  if (types.some((type) => "any" in type)) return not ? 0 : 1;
  if (not) return 1;
  const named = types.flatMap((type) => ("any" in type ? [] : [type]));
  const whole = new Set(named.filter(({ code }) => code === null).map(({ type }) => type));
  const codes = named.filter(({ type, code }) => code !== null && !whole.has(type));
  return whole.size + new Set(codes.map(({ type, code }) => `${type}/${code}`)).size;
}

function portMatches(condition: Condition | undefined): number {
  if (!condition) return 1;
  const asked = mergePorts(parseEach(condition.values, parsePorts));
  // One range, not at an end, is negated as it stands.
  if (condition.not && asked.length === 1 && otherPorts(asked).length === 2) return 1;
  return multiports(condition.not ? otherPorts(asked) : asked);
}

/** How many multiport matches hold the ranges, filled in order. */
function multiports(ranges: readonly Ports[]): number {
  let matches = 0;
  let left = 0;
  for (const { low, high } of ranges) {
    const slots = low === high ? 1 : 2;
    if (slots > left) {
      matches += 1;
      left = MULTIPORT_SLOTS;
    }
    left -= slots;
  }
  return matches;
}

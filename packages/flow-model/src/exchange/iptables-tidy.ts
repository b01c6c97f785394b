/** Takes out of a flow that chains became what says nothing in the language. */
import { type Address, parseAddress, printAddress } from "../address.ts";
import { setOf } from "../address-set.ts";
import type { Family } from "../family.ts";
import { icmpProtocol } from "../holds.ts";
import { ICMP_ERROR_TYPES, icmpErrorDestinations } from "../icmp-errors.ts";
import { ICMP6, parseProtocol, protocolName } from "../protocols.ts";
import type { Condition, Conditions } from "../schema.ts";
import { parseEach } from "../value.ts";
import { conjunction } from "./conjunction.ts";
import { type MadeFlow, type MadeRule, plainFlow } from "./iptables-chains.ts";
import { spareAlike, withSpared } from "./iptables-spared.ts";

/**
 * The same flow, shorter. An `ignore` asks only what its own line asks where every `match` of the same chain asks for
 * what led to it anyway; none is needed for what the language spares by itself, nor for packets that no `match` could
 * take. A director takes its ICMP errors by itself, and where its chain does not, an `ignore` at the end says so.
 */
export function tidy(made: MadeFlow, family: Family): MadeFlow {
  const { flow, last } = withoutIcmpErrors(made, family);
  return { ...flow, rules: [...withSpared(shortened(flow.rules, family), family), ...last] };
}

function shortened(rules: readonly MadeRule[], family: Family): readonly MadeRule[] {
  const matches = rules.filter(({ verb }) => verb === "match");
  if (matches.length * (rules.length - matches.length) > MOST_COMPARED) return rules;
  const sameVisit = (rule: MadeRule) => matches.every(({ visit }) => visit === rule.visit);
  const asked = matches.every((match) => same(match.own, match.conditions));
  const meets = (rule: MadeRule) =>
    matches.some((match) => conjunction(rule.conditions, match.conditions, family) !== "never");
  return rules.flatMap((rule) => {
    if (rule.verb === "match") return rule;
    if (isSpared(rule, matches) || (!sameVisit(rule) && !meets(rule))) return [];
    const short = sameVisit(rule) && asked && spareAlike(rule.own, rule.conditions);
    return short ? { ...rule, conditions: rule.own } : rule;
  });
}

/** Most pairs of an `ignore` and a `match` that are compared: a flow of thousands of both nobody reads anyway. */
const MOST_COMPARED = 10_000;

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Is it about packets that the language spares, in a flow none of whose rules asks for them? */
function isSpared({ conditions }: MadeRule, matches: readonly MadeRule[]): boolean {
  const { iface, icmptype, proto, ...rest } = conditions;
  if (Object.keys(rest).length > 0) return false;
  const named = (of: Conditions) => !of.iface?.not && of.iface?.values.some((value) => /^lo\+?$/.test(value));
  if (iface && !iface.not && same(iface.values, ["lo"]) && !proto && !icmptype) {
    return !matches.some((match) => named(match.conditions));
  }
  const six = (of: Conditions) =>
    of.proto && !of.proto.not && parseEach(of.proto.values, parseProtocol).includes(ICMP6);
  const discovery =
    icmptype && !icmptype.not && icmptype.values.every((type) => /^(13[0-7]|143)$/.test(type));
  return Boolean(!iface && discovery && six(conditions) && !matches.some((match) => six(match.conditions)));
}

/**
 * A director flow takes the ICMP errors of its connections by itself: rules for them at its end say no more. Of a chain
 * of our own (`@web`) that takes others, because what we wrote for a negated `dst` comes back as a plain one, or because
 * it is one of several that a flow became, the rules stay, and `last` ends the visit before the flow takes more. Another
 * program's chain becomes a director as the language has it.
 */
function withoutIcmpErrors(flow: MadeFlow, family: Family): { flow: MadeFlow; last: MadeRule[] } {
  const none = { flow, last: [] };
  if (flow.policy?.action !== "director") return none;
  // Those rules take neither tcp, udp nor sctp, so none of them adds a destination.
  const destinations = icmpErrorDestinations(plainFlow(flow));
  if (destinations.length === 0) return none;
  const taken = new Set(destinations.map(printAddress));
  const end = flow.rules.findLastIndex((rule) => !isIcmpError(rule, taken)) + 1;
  const errors = flow.rules.slice(end);
  const shorter = { flow: { ...flow, rules: flow.rules.slice(0, end) }, last: [] };
  if (!flow.name.startsWith("@") || takesAll(errors, destinations, family)) return shorter;
  return { flow, last: [ignoreIcmpErrors(family)] };
}

/** Do these rules take each type of ICMP error to each of the destinations? */
function takesAll(errors: readonly MadeRule[], destinations: readonly Address[], family: Family): boolean {
  const wanted = JSON.stringify(setOf(destinations)[family], bits);
  return ICMP_ERROR_TYPES[family].every((type) => {
    const those = errors.filter(({ conditions }) => conditions.icmptype?.values.includes(String(type)));
    const values = those.flatMap(({ conditions }) => conditions.dst?.values ?? []);
    return JSON.stringify(setOf(parseEach(values, parseAddress))[family], bits) === wanted;
  });
}

const bits = (_key: string, value: unknown) => (typeof value === "bigint" ? value.toString() : value);

function ignoreIcmpErrors(family: Family): MadeRule {
  const conditions: Conditions = {
    proto: { not: false, values: [protocolName(icmpProtocol(family))] },
    icmptype: { not: false, values: ICMP_ERROR_TYPES[family].map(String) },
  };
  return { verb: "ignore", conditions, own: conditions, note: "", visit: 0, line: 0 };
}

function isIcmpError({ verb, conditions }: MadeRule, destinations: ReadonlySet<string>): boolean {
  const { proto, dst, icmptype, ...rest } = conditions;
  if (verb !== "match" || !proto || !dst || !icmptype || Object.keys(rest).length > 0) return false;
  const families = ([4, 6] as const).filter((family) =>
    proto.values.includes(family === 4 ? "icmp" : "icmp6"),
  );
  const errors = families.flatMap((family) => ICMP_ERROR_TYPES[family]).map(String);
  const all = (condition: Condition, values: ReadonlySet<string>) =>
    !condition.not && condition.values.every((value) => values.has(value));
  return !proto.not && all(dst, destinations) && all(icmptype, new Set(errors));
}

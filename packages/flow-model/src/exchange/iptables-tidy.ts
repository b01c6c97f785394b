/** Takes out of a flow that chains became what says nothing in the language. */
import { printAddress } from "../address.ts";
import type { Family } from "../family.ts";
import { ICMP_ERROR_TYPES, icmpErrorDestinations } from "../icmp-errors.ts";
import { ICMP6, parseProtocol } from "../protocols.ts";
import type { Condition, Conditions } from "../schema.ts";
import { parseEach } from "../value.ts";
import { conjunction } from "./conjunction.ts";
import { type MadeFlow, type MadeRule, plainFlow } from "./iptables-chains.ts";

/**
 * The same flow, shorter. An `ignore` asks only what its own line asks where every `match` of the same chain asks for
 * what led to it anyway; none is needed for what the language spares by itself, nor for packets that no `match` could
 * take. A director takes its ICMP errors by itself.
 */
export function tidy(made: MadeFlow, family: Family): MadeFlow {
  const flow = withoutIcmpErrors(made);
  const matches = flow.rules.filter(({ verb }) => verb === "match");
  if (matches.length * (flow.rules.length - matches.length) > MOST_COMPARED) return flow;
  const sameVisit = (rule: MadeRule) => matches.every(({ visit }) => visit === rule.visit);
  const asked = matches.every((match) => same(match.own, match.conditions));
  const meets = (rule: MadeRule) =>
    matches.some((match) => conjunction(rule.conditions, match.conditions, family) !== "never");
  const rules = flow.rules.flatMap((rule) => {
    if (rule.verb === "match") return rule;
    if (isSpared(rule, matches) || (!sameVisit(rule) && !meets(rule))) return [];
    return sameVisit(rule) && asked ? { ...rule, conditions: rule.own } : rule;
  });
  return { ...flow, rules };
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

/** A director flow takes the ICMP errors of its connections by itself: rules for them at its end say no more. */
function withoutIcmpErrors(flow: MadeFlow): MadeFlow {
  if (flow.policy?.action !== "director") return flow;
  // Those rules take neither tcp, udp nor sctp, so none of them adds a destination.
  const taken = new Set(icmpErrorDestinations(plainFlow(flow)).map(printAddress));
  const last = flow.rules.findLastIndex((rule) => !isIcmpError(rule, taken));
  return { ...flow, rules: flow.rules.slice(0, last + 1) };
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

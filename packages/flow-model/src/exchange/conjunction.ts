/**
 * Conditions that hold together, as one: a chain's rules hold only for packets that the jump to it took, and an
 * iptables rule may ask one thing twice (`-s` and `--src-range`).
 */
import { parseAddress, printAddress, rangeOf } from "../address.ts";
import { CONDITION_KINDS, type ConditionKind } from "../config.ts";
import type { Family } from "../family.ts";
import { networksOf } from "../networks.ts";
import { PORT_MAX, parsePorts, printPorts } from "../ports.ts";
import { parseProtocol, protocolName } from "../protocols.ts";
import type { Condition, Conditions } from "../schema.ts";
import { parseEach } from "../value.ts";
import { complement, type Interval, intersection, merged } from "./intervals.ts";

/** `never`: no packet meets both. `unsayable`: one `not` would have to stand inside of a list. */
export type Joined = { ok: Conditions } | "never" | "unsayable";

/** What holds where both hold; addresses are of one family. Values stand in canonical form. */
export function conjunction(a: Conditions, b: Conditions, family: Family): Joined {
  const both: Conditions = {};
  for (const kind of CONDITION_KINDS) {
    const [left, right] = [a[kind], b[kind]];
    const joined = left && right ? join(kind, left, right, family) : (left ?? right);
    if (joined === "unsayable") return joined;
    if (!joined) continue;
    if (!joined.not && joined.values.length === 0) return "never";
    both[kind] = joined;
  }
  return { ok: both };
}

function join(kind: ConditionKind, a: Condition, b: Condition, family: Family): Condition | "unsayable" {
  if (kind === "src" || kind === "dst") return joinAddresses(a, b, family);
  if (kind === "srcport" || kind === "dstport") return joinPorts(a, b);
  if (kind === "iface") return joinPatterns(a, b);
  if (kind === "proto") return joinSets(protocolsIn(a), protocolsIn(b));
  if (kind === "state" || JSON.stringify(a) === JSON.stringify(b)) return joinSets(a, b);
  return joinTypes(a, b);
}

const protocolsIn = ({ not, values }: Condition): Condition => ({
  not,
  values: parseEach(values, parseProtocol).map(protocolName),
});

/** Values of which none holds another. */
function joinSets(a: Condition, b: Condition): Condition {
  if (a.not && b.not) return { not: true, values: [...new Set([...a.values, ...b.values])] };
  const [positive, other] = a.not ? [b, a] : [a, b];
  return {
    not: false,
    values: positive.values.filter((value) => other.values.includes(value) !== other.not),
  };
}

/** The numbers that a condition takes, where a negated one takes what it leaves. */
function taken(named: Interval[], not: boolean, highest: bigint): Interval[] {
  return not ? complement(named, highest) : merged(named);
}

/** Two negated ones stay negated: what they leave would be a long list. */
function joinIntervals(
  [a, b]: [Condition, Condition],
  read: (values: string[]) => Interval[],
  print: (intervals: Interval[]) => string[],
  highest: bigint,
): Condition {
  if (a.not && b.not) return { not: true, values: print(merged([...read(a.values), ...read(b.values)])) };
  const both = intersection(taken(read(a.values), a.not, highest), taken(read(b.values), b.not, highest));
  return { not: false, values: print(both) };
}

function joinAddresses(a: Condition, b: Condition, family: Family): Condition {
  const read = (values: string[]) => parseEach(values, parseAddress).map(rangeOf);
  const print = (intervals: Interval[]) => intervals.flatMap((interval) => networksOf(interval, family));
  return joinIntervals([a, b], read, print, (1n << (family === 4 ? 32n : 128n)) - 1n);
}

function joinPorts(a: Condition, b: Condition): Condition {
  const read = (values: string[]) =>
    parseEach(values, parsePorts).map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) }));
  const print = (intervals: Interval[]) =>
    intervals.map(({ low, high }) => printPorts({ low: Number(low), high: Number(high) }));
  return joinIntervals([a, b], read, print, BigInt(PORT_MAX));
}

/** Does a pattern take every interface that another takes? */
function covers(wide: string, narrow: string): boolean {
  return wide === narrow || (wide.endsWith("+") && narrow.startsWith(wide.slice(0, -1)));
}

function joinPatterns(a: Condition, b: Condition): Condition | "unsayable" {
  if (a.not && b.not) return joinSets(a, b);
  if (!a.not && !b.not) {
    const narrower = (one: string, other: string) =>
      covers(one, other) ? [other] : covers(other, one) ? [one] : [];
    return {
      not: false,
      values: a.values.flatMap((one) => b.values.flatMap((other) => narrower(one, other))),
    };
  }
  const [positive, negated] = a.not ? [b, a] : [a, b];
  const left = positive.values.filter((one) => !negated.values.some((other) => covers(other, one)));
  const cut = left.some((one) => negated.values.some((other) => covers(one, other)));
  return cut ? "unsayable" : { not: false, values: left };
}

/** Types with one code or with every code: `3` holds `3/4`. */
function joinTypes(a: Condition, b: Condition): Condition | "unsayable" {
  const holds = (wide: string, narrow: string) =>
    wide === narrow || wide === "any" || narrow.startsWith(`${wide}/`);
  if (a.not && b.not) return joinSets(a, b);
  if (a.not || b.not || ![...a.values, ...b.values].every((value) => /^(any|\d+(\/\d+)?)$/.test(value))) {
    return "unsayable";
  }
  const narrower = (one: string, other: string) =>
    holds(one, other) ? [other] : holds(other, one) ? [one] : [];
  return { not: false, values: a.values.flatMap((one) => b.values.flatMap((other) => narrower(one, other))) };
}

/** The networks between two addresses, both included; null when they are not two of this family, in order. */
export function networksBetween(low: string, high: string, family: Family): string[] | null {
  const [from, to] = [parseAddress(low), parseAddress(high)];
  if ("error" in from || "error" in to || from.ok.family !== family || to.ok.family !== family) return null;
  return from.ok.bits > to.ok.bits ? null : networksOf({ low: from.ok.bits, high: to.ok.bits }, family);
}

/** The canonical text of an address; as written when it is none. */
export function canonicalAddress(text: string): string {
  const parsed = parseAddress(text);
  return "ok" in parsed ? printAddress(parsed.ok) : text;
}

/**
 * A rule in the words of the original page: its conditions take one value each, so a list becomes several rules one
 * behind the other. Of a first-match list that is exact: whichever of them holds, the visit ends the same way.
 *
 * A negated list cannot be taken apart like that, since each of its values has to fail at once. For addresses and
 * ports, what the list leaves can be said without `not`; for the others there is no word.
 */
import { type Address, networkOf, parseAddress, printAddress, rangeOf } from "../address.ts";
import { CONDITION_KINDS, type ConditionKind } from "../config.ts";
import { protocolsThatCarryPorts } from "../holds.ts";
import { parseIcmpType, printIcmpType } from "../icmp.ts";
import { widestInterfaces } from "../names.ts";
import { networksOf } from "../networks.ts";
import { PORT_MAX, parsePorts, printPorts } from "../ports.ts";
import { ICMP, parseProtocol, protocolName, TCP, UDP } from "../protocols.ts";
import type { Condition, Conditions } from "../schema.ts";
import { parseEach, quote } from "../value.ts";
import { complement, type Interval, merged } from "./intervals.ts";

/** What has no word on the page; `value` is the one that has none, where it is a single one. */
export type Wordless = { kind: ConditionKind; value?: string; message: string; help: string };

/** Most rules that one rule may become: beyond it nobody reads them, and a page would not show them. */
const MOST_PIECES = 4096;

/**
 * The conditions of the rules that together hold as this one does; or what cannot be said. Some of them may be such
 * that they can never hold.
 */
export function pageConditions(conditions: Conditions): { ok: Conditions[] } | { wordless: Wordless } {
  let pieces: Conditions[] = [{}];
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (!condition) continue;
    // Lists that do not exist have vanished: such a condition holds never, negated or not.
    if (condition.values.length === 0) return { ok: [] };
    const said = alternatives(kind, condition, conditions);
    if ("message" in said) return { wordless: { kind, ...said } };
    if (pieces.length * said.length > MOST_PIECES) {
      const message = `this rule would become more than ${MOST_PIECES} rules with one value each`;
      return { wordless: { kind, message, help: "split it, or write its lists with fewer, larger ranges" } };
    }
    const withKind = (piece: Conditions, one: Condition | null) => (one ? { ...piece, [kind]: one } : piece);
    pieces = pieces.flatMap((piece) => said.map((one) => withKind(piece, one)));
  }
  return { ok: pieces };
}

/** One of them has to hold; null is one that always does. */
type Alternatives = (Condition | null)[] | Omit<Wordless, "kind">;

function alternatives(kind: ConditionKind, condition: Condition, all: Conditions): Alternatives {
  if (kind === "iface") return interfaces(condition);
  if (kind === "proto") return protocols(condition, all);
  if (kind === "src" || kind === "dst") return addresses(kind, condition);
  if (kind === "srcport" || kind === "dstport") return ports(condition);
  if (kind === "icmptype") return icmpTypes(condition);
  return { message: "the original page has no word for state", help: "it judges every packet by itself" };
}

const is = (value: string): Condition => ({ not: false, values: [value] });
const not = (value: string): Condition => ({ not: true, values: [value] });

/** Several values under one `not`, with no way around it. */
function negatedList(kind: string): Omit<Wordless, "kind"> {
  const message = `the original page has no word for a list behind not ${kind}`;
  return { message, help: `name the others without not, one ${kind} a rule` };
}

/** Positive ones stay, covered or not: `lo` beside `+` says that the loopback is meant. */
function interfaces({ not: negated, values }: Condition): Alternatives {
  if (!negated) return [...new Set(values)].map(is);
  const [only, ...more] = widestInterfaces(values);
  return only === undefined || more.length > 0 ? negatedList("iface") : [not(only)];
}

const PAGE_PROTOCOLS = new Set([TCP, UDP, ICMP]);

function protocols(condition: Condition, all: Conditions): Alternatives {
  const { not: negated, values } = condition;
  const numbers = [...new Set(parseEach(values, parseProtocol))];
  const names = numbers.map(protocolName);
  const foreign = values.find((value) =>
    parseEach([value], parseProtocol).some((one) => !PAGE_PROTOCOLS.has(one)),
  );
  const [only, ...more] = names;
  if (negated && only !== undefined && more.length === 0 && foreign === undefined) return [not(only)];
  // The other conditions say already which protocols are left: those can be named.
  if (negated && (all.srcport || all.dstport)) {
    return protocolsThatCarryPorts({ conditions: all }).map((number) => is(protocolName(number)));
  }
  if (negated && all.icmptype) return [null];
  if (foreign !== undefined) {
    const message = `the original page has no word for the protocol ${quote(foreign)}`;
    return { value: foreign, message, help: "its protocols are tcp, udp and icmp" };
  }
  return negated ? negatedList("proto") : names.map(is);
}

function addresses(kind: "src" | "dst", { not: negated, values }: Condition): Alternatives {
  const read: Address[] = [];
  for (const value of values) {
    const parsed = parseAddress(value);
    if ("ok" in parsed && parsed.ok.family === 4) read.push(parsed.ok);
    else {
      const message = `the original page knows no IPv6: ${quote(value)}`;
      return { value, message, help: `give ${kind} an IPv4 address` };
    }
  }
  const written = [...new Set(read.map((address) => printAddress(address)))];
  const networks = (intervals: Interval[]) => intervals.flatMap((interval) => networksOf(interval, 4));
  const named = merged(read.map((address) => rangeOf(networkOf(address))));
  return withoutList(negated, written, networks(named), () => networks(complement(named, (1n << 32n) - 1n)));
}

function ports({ not: negated, values }: Condition): Alternatives {
  const ranges = parseEach(values, parsePorts);
  const named = merged(ranges.map(({ low, high }) => ({ low: BigInt(low), high: BigInt(high) })));
  const print = (intervals: Interval[]) =>
    intervals.map(({ low, high }) => printPorts({ low: Number(low), high: Number(high) }));
  return withoutList(negated, [...new Set(ranges.map(printPorts))], print(named), () =>
    print(complement(named, BigInt(PORT_MAX))),
  );
}

/** As written, a rule each; negated, the one value that they come to, or what they leave. */
function withoutList(negated: boolean, written: string[], named: string[], others: () => string[]) {
  if (!negated) return written.map(is);
  const [only, ...more] = written.length === 1 ? written : named;
  return only !== undefined && more.length === 0 ? [not(only)] : others().map(is);
}

/** Type 255 cannot be asked for, so what a negated list leaves cannot be named one by one. */
function icmpTypes({ not: negated, values }: Condition): Alternatives {
  /** As written first, by what it means. */
  const named = new Map<string, string>();
  for (const value of values) {
    const parsed = parseIcmpType(value, 4);
    const meant = "ok" in parsed ? printIcmpType(parsed.ok) : null;
    if (meant !== null && !named.has(meant)) named.set(meant, value);
  }
  const isCovered = (meant: string) => meant.includes("/") && named.has(meant.slice(0, meant.indexOf("/")));
  const any = named.get("any");
  const kept =
    any !== undefined ? [any] : [...named].flatMap(([meant, value]) => (isCovered(meant) ? [] : value));
  if (!negated) return kept.map(is);
  const [only, ...more] = kept;
  return only === undefined || more.length > 0 ? negatedList("icmptype") : [not(only)];
}

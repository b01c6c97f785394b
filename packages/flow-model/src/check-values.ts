/** The values of a rule's conditions: read, and every bad one reported at its own place. */
import { type Address, networkOf, parseAddress, printAddress } from "./address.ts";
import { type AddressSet, addressSet, setOf } from "./address-set.ts";
import type { Fix, Severity } from "./diagnostic.ts";
import { icmpFamily } from "./holds.ts";
import { type IcmpType, parseIcmpType, printIcmpType } from "./icmp.ts";
import { listKindOf, listNamed } from "./lists.ts";
import { parseInterface } from "./names.ts";
import { mergePorts, type Ports, parsePorts, portSet, printPorts } from "./ports.ts";
import { parseProtocol } from "./protocols.ts";
import { CONDITION_KINDS, type Condition, type ConditionKind, type Conditions } from "./schema.ts";
import { parseState, type State } from "./states.ts";
import { type Parsed, quote, type ValueError } from "./value.ts";

/** Reports a problem with a part of an item; `where` is the end of its path, `/conditions/src`. */
export type Complain = (where: string, problem: ValueError, severity?: Severity, fixes?: Fix[]) => void;

/** Reports a reference that cannot stand where it does; false when there was something to report. */
export type CheckReference = (value: string, kind: ConditionKind, where: string) => boolean;

/**
 * A rule's conditions with their values read, those of named lists among them. A condition with a bad value is left
 * out: what it means is not known.
 */
export type Values = {
  iface?: { not: boolean; values: string[] };
  proto?: { not: boolean; values: number[] };
  src?: { not: boolean; set: AddressSet };
  dst?: { not: boolean; set: AddressSet };
  srcport?: { not: boolean; ports: readonly Ports[] };
  dstport?: { not: boolean; ports: readonly Ports[] };
  icmptype?: { not: boolean; values: IcmpType[] };
  state?: { not: boolean; values: State[] };
};

/** Kinds for which other tools have a word that takes every packet. */
const ANY: ReadonlySet<string> = new Set(["any", "all", "*", "anywhere"]);

/** No value is longer than a table's name (511); five megabytes pasted as one word need not be read to refuse them. */
export const LONGEST_VALUE = 600;

/** `expanded`: the same conditions with the values of named lists. */
export function readValues(
  conditions: Conditions,
  expanded: Conditions,
  complain: Complain,
  checkReference: CheckReference,
): Values {
  const values: Values = {};
  const family = icmpFamily(conditions);
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (!condition) continue;
    const { not } = condition;
    const read = <T>(type: ValueType<T>) => readCondition(kind, condition, type, complain, checkReference);
    const named = condition === expanded[kind] ? null : (expanded[kind]?.values ?? []);
    if (kind === "src" || kind === "dst") {
      const own = read(ADDRESS);
      if (own) values[kind] = { not, set: named ? addressSet(named) : setOf(own) };
    } else if (kind === "srcport" || kind === "dstport") {
      const own = read(PORTS);
      if (own) values[kind] = { not, ports: named ? portSet(named) : mergePorts(own) };
    } else if (kind === "iface") values.iface = found(not, read(INTERFACE));
    else if (kind === "proto") values.proto = found(not, read(PROTOCOL));
    else if (kind === "icmptype") values.icmptype = found(not, read(icmpType(family)));
    else values.state = found(not, read(STATE));
  }
  return values;
}

const found = <T>(not: boolean, values: T[] | null) => (values ? { not, values } : undefined);

/** How values of a type are read. */
export type ValueType<T> = {
  parse: (text: string) => Parsed<T>;
  /** The same for all spellings of one value, and for no other. */
  key: (value: T) => string | number;
  /** What to warn of, although the value is right. */
  doubt?: (value: T, text: string) => { problem: ValueError; fixes: Fix[] } | null;
};

/** A number for IPv4, of 38 bits: a list of 100 000 networks is compared in half the time that their texts take. */
function keyOfAddress(address: Address): string | number {
  const network = address.hostBits ? networkOf(address) : address;
  return network.family === 4 ? Number(network.bits) * 64 + network.prefix : printAddress(network);
}

export const ADDRESS: ValueType<Address> = {
  parse: parseAddress,
  key: keyOfAddress,
  doubt: doubtHostBits,
};
export const PORTS: ValueType<Ports> = { parse: parsePorts, key: printPorts };
const INTERFACE: ValueType<string> = { parse: parseInterface, key: (name) => name };
const PROTOCOL: ValueType<number> = { parse: parseProtocol, key: String };
const STATE: ValueType<State> = { parse: parseState, key: (state) => state };
const icmpType = (family: 4 | 6): ValueType<IcmpType> => ({
  parse: (text) => parseIcmpType(text, family),
  key: printIcmpType,
});

/** The values of a condition, without references; null where one is bad. */
function readCondition<T>(
  kind: ConditionKind,
  { values }: Condition,
  type: ValueType<T>,
  complain: Complain,
  checkReference: CheckReference,
): T[] | null {
  const where = `/conditions/${kind}/values`;
  if (values.length === 0) {
    const message = `a value is missing behind ${kind}`;
    complain(where, { code: "missing-value", message, help: `give it one, or leave ${kind} out` });
  }
  const reference = listKindOf(kind) === null ? null : checkReference;
  const read = readEach(values, type, where, complain, {
    bad: (text, error) => explain(kind, text, error),
    reference: reference && ((text, place) => reference(text, kind, place)),
  });
  return values.length > 0 ? read : null;
}

type ReadOptions = {
  /** Why a text is no value of the type. */
  bad: (text: string, error: ValueError) => ValueError;
  /** Checks a reference; null where none can stand. */
  reference: ((text: string, place: string) => boolean) | null;
};

/** Reads values and reports what is wrong with them, and what stands there twice; null when one is bad. */
export function readEach<T>(
  values: readonly string[],
  { parse, key, doubt }: ValueType<T>,
  where: string,
  complain: Complain,
  { bad, reference }: ReadOptions,
): T[] | null {
  const read: T[] = [];
  // One value has no twin.
  const seen = values.length > 1 ? new Map<string | number, string>() : null;
  let sound = true;
  for (const [index, text] of values.entries()) {
    const place = `${where}/${index}`;
    if (reference && listNamed(text) !== null) {
      sound = reference(text, place) && sound;
      if (seen) complainOfTwin(seen, text, text, place, complain);
      continue;
    }
    const parsed = parse(text.slice(0, LONGEST_VALUE));
    if ("error" in parsed) {
      complain(place, bad(text, parsed.error));
      sound = false;
      continue;
    }
    read.push(parsed.ok);
    if (seen) complainOfTwin(seen, key(parsed.ok), text, place, complain);
    const doubted = doubt?.(parsed.ok, text);
    if (doubted) complain(place, doubted.problem, "warning", doubted.fixes);
  }
  return sound ? read : null;
}

/** Warns of a value that stands in a list a second time, in whatever spelling. */
function complainOfTwin(
  seen: Map<string | number, string>,
  key: string | number,
  text: string,
  place: string,
  complain: Complain,
): void {
  const before = seen.get(key);
  if (before === undefined) {
    seen.set(key, text);
    return;
  }
  const message =
    before === text
      ? `${quote(text)} stands in the list twice`
      : `${quote(text)} means the same as ${quote(before)} before it`;
  complain(place, { code: "duplicate-value", message, help: "leave it out" }, "warning");
}

/** What is wrong with a value, where its kind says more than its text. */
function explain(kind: ConditionKind, text: string, error: ValueError): ValueError {
  if (text.startsWith("@") && kind !== "iface") {
    const message = `${kind} takes no named list: ${quote(text)}`;
    return { ...error, message, help: "write its values in braces" };
  }
  if (ANY.has(text.toLowerCase())) return { ...error, help: `to take every packet leave ${kind} out` };
  if (text.startsWith("!") && text.length > 1)
    return { ...error, help: `write not ${kind} ${text.slice(1, 60)}` };
  return error;
}

function doubtHostBits(address: Address, text: string): { problem: ValueError; fixes: Fix[] } | null {
  if (!address.hostBits) return null;
  const network = printAddress(networkOf(address));
  const message = `${quote(text)} has bits set behind its prefix`;
  const help = `it means the network ${network}: write that, or leave the prefix out for the one address`;
  const fixes = [{ label: `Write ${network}`, text: network }];
  return { problem: { code: "host-bits", message, help }, fixes };
}

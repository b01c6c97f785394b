/** The values of a rule's conditions: read, and every bad one reported at its own place. */
import { type Address, networkOf, parseAddress, printAddress } from "./address.ts";
import type { Fix, Severity } from "./diagnostic.ts";
import { icmpFamily } from "./holds.ts";
import { type IcmpType, parseIcmpType } from "./icmp.ts";
import { parseInterface } from "./names.ts";
import { type Ports, parsePorts } from "./ports.ts";
import { parseProtocol } from "./protocols.ts";
import { CONDITION_KINDS, type Condition, type ConditionKind, type Conditions } from "./schema.ts";
import { type Parsed, quote, type ValueError } from "./value.ts";

/** Reports a problem with a part of a rule; `where` is the end of its path, `/conditions/src`. */
export type Complain = (where: string, problem: ValueError, severity?: Severity, fixes?: Fix[]) => void;

type Read<T> = { not: boolean; values: T[] };

/** A rule's conditions with their values read. One with a bad value is left out: what it means is not known. */
export type Values = {
  iface?: Read<string>;
  proto?: Read<number>;
  src?: Read<Address>;
  dst?: Read<Address>;
  srcport?: Read<Ports>;
  dstport?: Read<Ports>;
  icmptype?: Read<IcmpType>;
};

const NOT_YET = "not-yet";

/** Kinds whose values may one day name a list: `src @office`. */
const LISTED: ReadonlySet<ConditionKind> = new Set(["src", "dst", "srcport", "dstport"]);

/** Kinds for which other tools have a word that takes every packet. */
const ANY: ReadonlySet<string> = new Set(["any", "all", "*", "anywhere"]);

/** No value is longer than a table's name (511); five megabytes pasted as one word need not be read to refuse them. */
export const LONGEST_VALUE = 600;

export function readValues(conditions: Conditions, complain: Complain): Values {
  const values: Values = {};
  const family = icmpFamily(conditions);
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (!condition) continue;
    const read = <T>(parse: (text: string) => Parsed<T>) => readCondition(kind, condition, parse, complain);
    if (kind === "iface") values.iface = read(parseInterface);
    else if (kind === "proto") values.proto = read(parseProtocol);
    else if (kind === "icmptype") values.icmptype = read((text) => parseIcmpType(text, family));
    else if (kind === "srcport" || kind === "dstport") values[kind] = read(parsePorts);
    else if (kind === "state") complain(`/conditions/${kind}`, STATE_NOT_YET);
    else {
      values[kind] = read(parseAddress);
      warnOfHostBits(kind, condition, values[kind], complain);
    }
  }
  return values;
}

const STATE_NOT_YET: ValueError = {
  code: NOT_YET,
  message: "state is not supported yet",
  help: "leave it out: rules judge every packet by itself",
};

function readCondition<T>(
  kind: ConditionKind,
  { not, values }: Condition,
  parse: (text: string) => Parsed<T>,
  complain: Complain,
): Read<T> | undefined {
  const where = `/conditions/${kind}/values`;
  if (values.length === 0) {
    const help = `give it one, or leave ${kind} out`;
    complain(where, {
      code: "missing-value",
      message: `a value is missing behind ${kind}`,
      help,
    });
  }
  if (values.length > 1) {
    const help = "write a rule for each value";
    complain(`${where}/1`, {
      code: NOT_YET,
      message: "several values are not supported yet",
      help,
    });
  }
  const read: T[] = [];
  for (const [index, text] of values.entries()) {
    const parsed = parse(text.slice(0, LONGEST_VALUE));
    if ("ok" in parsed) read.push(parsed.ok);
    else complain(`${where}/${index}`, explain(kind, text, parsed.error));
  }
  return read.length > 0 && read.length === values.length ? { not, values: read } : undefined;
}

/** What is wrong with a value, where its kind says more than its text. */
function explain(kind: ConditionKind, text: string, error: ValueError): ValueError {
  if (text.startsWith("@") && LISTED.has(kind)) {
    return {
      code: NOT_YET,
      message: "named lists are not supported yet",
      help: "write a rule for each value",
    };
  }
  if (ANY.has(text.toLowerCase())) return { ...error, help: `to take every packet leave ${kind} out` };
  if (text.startsWith("!") && text.length > 1)
    return { ...error, help: `write not ${kind} ${text.slice(1, 60)}` };
  return error;
}

function warnOfHostBits(
  kind: ConditionKind,
  { values }: Condition,
  read: Read<Address> | undefined,
  complain: Complain,
): void {
  for (const [index, address] of (read?.values ?? []).entries()) {
    if (!address.hostBits) continue;
    const network = printAddress(networkOf(address));
    const message = `${quote(values[index] ?? "")} has bits set behind its prefix`;
    const help = `it means the network ${network}: write that, or leave the prefix out for the one address`;
    const fixes = [{ label: `Write ${network}`, text: network }];
    complain(`/conditions/${kind}/values/${index}`, { code: "host-bits", message, help }, "warning", fixes);
  }
}

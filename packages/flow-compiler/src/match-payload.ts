/**
 * Protocol, ports and ICMP types as iptables' match words: what lies behind the addresses of a packet.
 *
 * Ports and types need their protocol beside them, so these conditions are turned into words together.
 */
import {
  type Condition,
  type Conditions,
  type Family,
  icmpFamily,
  icmpProtocol,
  letsProtocol,
  MOST_REPEATED,
  multiports,
  type NamedIcmpType,
  otherPorts,
  PORT_MAX,
  type Ports,
  parseIcmpType,
  parseProtocol,
  portSet,
  printIcmpType,
  printPorts,
  protocolOccurs,
  protocolsThatCarryPorts,
  widestIcmpTypes,
} from "@flowmgr/flow-model";
import { protocolWord } from "./normalise.ts";
import { bang, join, readValue } from "./words.ts";

/** What one iptables rule asks of the payload. */
export type PayloadMatch = { proto: string; modules: string };

/** Alternatives of which a packet meets one at most, for packets whose protocol and ICMP type are not in the lists. */
export type Payload = {
  matches: PayloadMatch[];
  notProto: readonly number[];
  notType: readonly NamedIcmpType[];
};

const NONE: readonly never[] = [];

const only = (matches: PayloadMatch[]): Payload => ({ matches, notProto: NONE, notType: NONE });

const NOTHING_ASKED: PayloadMatch = { proto: "", modules: "" };

/** What the conditions ask of the payload in a family; no matches where they can't hold there. */
export function payloadOf(conditions: Conditions, family: Family): Payload {
  const { proto, srcport, dstport, icmptype } = conditions;
  if (icmptype) return srcport || dstport ? only([]) : icmpPayload(conditions, icmptype, family);
  if (srcport || dstport) return only(portMatches(conditions));
  return proto ? protocolPayload(proto, family) : only([NOTHING_ASKED]);
}

/** `-p` with what iptables calls the protocol. */
export function protocolWords(number: number, not = false): string {
  return `${bang(not)}-p ${protocolWord(number)}`;
}

/** `-p icmp -m icmp --icmp-type 3` in the words of the family. */
export function icmpWords(family: Family, type: NamedIcmpType): PayloadMatch {
  return { proto: protocolWords(icmpProtocol(family)), modules: icmpModule(family, type, false) };
}

function icmpModule(family: Family, type: NamedIcmpType, not: boolean): string {
  const [module, option] = family === 4 ? ["icmp", "--icmp-type"] : ["icmp6", "--icmpv6-type"];
  return `-m ${module} ${bang(not)}${option} ${printIcmpType(type)}`;
}

/** A protocol that this family never has asks for nothing, and negated for everything. */
function protocolPayload(proto: Condition, family: Family): Payload {
  const named = new Set(proto.values.map((text) => readValue(parseProtocol(text))));
  const numbers = [...named].filter((number) => protocolOccurs(number, family));
  if (!proto.not) return only(numbers.map((number) => ({ ...NOTHING_ASKED, proto: protocolWords(number) })));
  const [first, ...others] = numbers;
  if (first === undefined) return only([NOTHING_ASKED]);
  if (others.length > 0) return { ...only([NOTHING_ASKED]), notProto: numbers };
  return only([{ ...NOTHING_ASKED, proto: protocolWords(first, true) }]);
}

function icmpPayload(conditions: Conditions, icmptype: Condition, family: Family): Payload {
  if (icmpFamily(conditions) !== family || !letsProtocol(conditions, icmpProtocol(family))) return only([]);
  const proto = protocolWords(icmpProtocol(family));
  const types = widestIcmpTypes(icmptype.values.map((text) => readValue(parseIcmpType(text, family))));
  if (types === "any") return only(icmptype.not ? [] : [{ proto, modules: "" }]);
  if (!icmptype.not) return only(types.map((type) => icmpWords(family, type)));
  if (types.length > MOST_REPEATED) return { ...only([{ proto, modules: "" }]), notType: types };
  return only([{ proto, modules: join(...types.map((type) => icmpModule(family, type, true))) }]);
}

function portMatches(conditions: Conditions): PayloadMatch[] {
  const sources = portAlternatives("sport", conditions.srcport);
  const destinations = portAlternatives("dport", conditions.dstport);
  const matches: PayloadMatch[] = [];
  for (const number of protocolsThatCarryPorts({ conditions })) {
    for (const source of sources) {
      for (const destination of destinations) {
        const plain = join(source.plain, destination.plain);
        const module = plain === "" ? "" : `-m ${protocolWord(number)} ${plain}`;
        matches.push({
          proto: protocolWords(number),
          modules: join(module, source.multi, destination.multi),
        });
      }
    }
  }
  return matches;
}

/** `plain` is an option of the protocol's module, `multi` a module of its own. */
type PortMatch = { plain: string; multi: string };

type PortOption = "sport" | "dport";

const plainPorts = (option: PortOption, ports: Ports, not = false): PortMatch => ({
  plain: `${bang(not)}--${option} ${printPorts(ports)}`,
  multi: "",
});

const EVERY_PORT: readonly PortMatch[] = [{ plain: "", multi: "" }];

/** None when the condition leaves no port. */
function portAlternatives(option: PortOption, condition: Condition | undefined): readonly PortMatch[] {
  if (!condition) return EVERY_PORT;
  const asked = portSet(condition.values);
  const [first, ...more] = asked;
  if (first === undefined) return [];
  // Of one range in between, the other ports are two, and iptables can say them as one. Of one at an end they are one:
  // nft rewrites `! 0:22` to `23:65535` by itself, legacy keeps it, so the form that both keep is written.
  if (condition.not && more.length === 0 && first.low > 0 && first.high < PORT_MAX) {
    return [plainPorts(option, first, true)];
  }
  const ranges = condition.not ? otherPorts(asked) : asked;
  const [only] = ranges;
  if (ranges.length === 1 && only?.low === 0 && only.high === PORT_MAX) return EVERY_PORT;
  return multiports(ranges).map((chunk) => {
    const [single, ...others] = chunk;
    if (single && others.length === 0) return plainPorts(option, single);
    return { plain: "", multi: `-m multiport --${option}s ${printChunk(chunk)}` };
  });
}

/** Keyed by the ports of a match, which rules that name one list share (`multiports`). */
const known = new WeakMap<readonly Ports[], string>();

function printChunk(chunk: readonly Ports[]): string {
  const text = known.get(chunk) ?? chunk.map(printPorts).join(",");
  known.set(chunk, text);
  return text;
}

/**
 * The conditions of a rule as iptables' match words, for one family.
 *
 * One rule may need several iptables rules: a port condition without `proto` needs one for tcp and one for udp.
 * They never overlap, so a packet is counted once. None at all means that the rule can't hold in this family; what
 * can never hold is left out here and never left to the kernel, where the two back ends disagree about it.
 */
import {
  type Address,
  type Condition,
  type Conditions,
  type Family,
  icmpFamily,
  icmpProtocol,
  letsProtocol,
  networkOf,
  type Parsed,
  PORT_MAX,
  type Ports,
  parseAddress,
  parseIcmpType,
  parsePorts,
  parseProtocol,
  printAddress,
  printIcmpType,
  printPorts,
  protocolOccurs,
  protocolsThatCarryPorts,
} from "@flowmgr/flow-model";
import { protocolWord } from "./normalise.ts";

/**
 * What one iptables rule asks, field by field, each in iptables-save's words (`! -s 10.0.0.0/8`), "" for nothing.
 * The fields stand in the order in which iptables-save prints them.
 */
export type Match = { src: string; dst: string; iface: string; proto: string; extension: string };

export const ANY: Match = { src: "", dst: "", iface: "", proto: "", extension: "" };

/** A field that cannot hold; `""` is one that always holds. */
const NEVER = null;

/** The iptables rules that together ask what the conditions ask, in this family; none when they cannot hold there. */
export function matchesOf(conditions: Conditions, family: Family): Match[] {
  const src = addressWords("-s", conditions.src, family);
  const dst = addressWords("-d", conditions.dst, family);
  const iface = interfaceWords(conditions.iface);
  if (src === NEVER || dst === NEVER || iface === NEVER) return [];
  return protocolMatches(conditions, family).map((match) => ({ src, dst, iface, ...match }));
}

/** Joins what is not empty: a whole rule from its parts. A loop, because it runs for each of 100 000 rules. */
export function join(...parts: string[]): string {
  let words = "";
  for (const part of parts) if (part !== "") words += words === "" ? part : ` ${part}`;
  return words;
}

export function matchWords({ src, dst, iface, proto, extension }: Match): string {
  return join(src, dst, iface, proto, extension);
}

/** `-d 10.0.0.0/8`: without host bits and with a prefix, as the kernel shows it; "" for every address. */
export function addressMatch(option: "-s" | "-d", address: Address): string {
  if (address.prefix === 0) return "";
  const printed = printAddress(networkOf(address));
  return `${option} ${printed.includes("/") ? printed : `${printed}/${address.prefix}`}`;
}

/** `-p` with what iptables calls the protocol. */
function protocolWords(number: number, not = false): string {
  return `${bang(not)}-p ${protocolWord(number)}`;
}

/** `-p icmp -m icmp --icmp-type 3` in the words of the family; `type` as `8` or `3/4`. */
export function icmpWords(family: Family, type: string, not = false): Pick<Match, "proto" | "extension"> {
  const [module, option] = family === 4 ? ["icmp", "--icmp-type"] : ["icmp6", "--icmpv6-type"];
  return {
    proto: protocolWords(icmpProtocol(family)),
    extension: `-m ${module} ${bang(not)}${option} ${type}`,
  };
}

const bang = (not: boolean) => (not ? "! " : "");

function addressWords(option: "-s" | "-d", condition: Condition | undefined, family: Family): string | null {
  if (!condition) return "";
  const address = readValue(parseAddress(single(condition)));
  if (address.family !== family) return NEVER;
  const words = addressMatch(option, address);
  if (words === "") return condition.not ? NEVER : "";
  return bang(condition.not) + words;
}

function interfaceWords(condition: Condition | undefined): string | null {
  if (!condition) return "";
  const name = single(condition);
  if (name === "+") return condition.not ? NEVER : "";
  return `${bang(condition.not)}-i ${name}`;
}

type ProtocolMatch = Pick<Match, "proto" | "extension">;

function protocolMatches(conditions: Conditions, family: Family): ProtocolMatch[] {
  const { proto, srcport, dstport, icmptype } = conditions;
  if (icmptype) return srcport || dstport ? [] : icmpMatches(conditions, icmptype, family);
  if (srcport || dstport) return portMatches(conditions);
  if (!proto) return [{ proto: "", extension: "" }];
  const number = readValue(parseProtocol(single(proto)));
  if (protocolOccurs(number, family)) return [{ proto: protocolWords(number, proto.not), extension: "" }];
  // A protocol that this family never has: "not" it is every packet.
  return proto.not ? [{ proto: "", extension: "" }] : [];
}

function icmpMatches(conditions: Conditions, icmptype: Condition, family: Family): ProtocolMatch[] {
  if (icmpFamily(conditions) !== family || !letsProtocol(conditions, icmpProtocol(family))) return [];
  const type = readValue(parseIcmpType(single(icmptype), family));
  if ("any" in type) {
    return icmptype.not ? [] : [{ proto: protocolWords(icmpProtocol(family)), extension: "" }];
  }
  return [icmpWords(family, printIcmpType(type), icmptype.not)];
}

function portMatches(conditions: Conditions): ProtocolMatch[] {
  const sport = portWords("--sport", conditions.srcport);
  const dport = portWords("--dport", conditions.dstport);
  if (sport === NEVER || dport === NEVER) return [];
  const ports = join(sport, dport);
  return protocolsThatCarryPorts({ conditions }).map((number) => ({
    proto: protocolWords(number),
    extension: ports === "" ? "" : `-m ${protocolWord(number)} ${ports}`,
  }));
}

function portWords(option: "--sport" | "--dport", condition: Condition | undefined): string | null {
  if (!condition) return "";
  const asked = readValue(parsePorts(single(condition)));
  const ports = condition.not ? complement(asked) : asked;
  if (ports === NEVER) return NEVER;
  if (ports === "both ends") return `! ${option} ${printPorts(asked)}`;
  return ports.low === 0 && ports.high === PORT_MAX ? "" : `${option} ${printPorts(ports)}`;
}

/**
 * The other ports as one range, where there is one: nft rewrites `! 0:22` to `23:65535` by itself, legacy keeps it,
 * so the form that both keep is written. What lies inside needs the `!`, and both keep that.
 */
function complement({ low, high }: Ports): Ports | "both ends" | null {
  if (low > 0 && high < PORT_MAX) return "both ends";
  if (low > 0) return { low: 0, high: low - 1 };
  return high < PORT_MAX ? { low: high + 1, high: PORT_MAX } : NEVER;
}

/** The one value of a condition. Lists are refused by `check` as long as the compiler does not know them. */
export function single(condition: Condition): string {
  const [value, ...more] = condition.values;
  if (value === undefined || more.length > 0)
    throw new Error("a condition with other than one value came to compile");
  return value;
}

/** What a text says. `check` refuses a config with bad values before it comes here. */
export function readValue<T>(parsed: Parsed<T>): T {
  if ("ok" in parsed) return parsed.ok;
  throw new Error(`a bad value came to compile: ${parsed.error.message}`);
}

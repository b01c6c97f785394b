/**
 * The conditions of a rule as iptables' match words, for one family.
 *
 * One rule may need several iptables rules: a list of networks needs one for each, a port condition without `proto`
 * one for tcp and one for udp. A packet meets the first of them that holds and is counted there, once. None at all
 * means that the rule can't hold in this family; what can never hold is left out here and never left to the kernel,
 * where the two back ends disagree about it.
 */
import {
  type Condition,
  type Conditions,
  type Family,
  largeConditions,
  type NamedIcmpType,
  type Packet,
  STATES,
  widestInterfaces,
} from "@flowmgr/flow-model";
import { type AddressMatch, addressMatches, networksOf, type SetMatch, setMatch } from "./match-address.ts";
import { payloadOf } from "./match-payload.ts";
import type { NetworkSet } from "./program.ts";
import { bang, join } from "./words.ts";

/**
 * What one iptables rule asks, field by field, each in iptables-save's words (`! -s 10.0.0.0/8`), "" for nothing.
 * The fields stand in the order in which iptables-save prints them.
 */
export type Match = { src: string; dst: string; iface: string; proto: string; extension: string };

export const ANY: Match = { src: "", dst: "", iface: "", proto: "", extension: "" };

/** Where a flow judges packets: those that come in, or those that this machine sends. */
export type Direction = Packet["direction"];

/**
 * What a rule asks in a family: one of the matches, of a packet whose interface, protocol and ICMP type are not in
 * the lists. They are the negated lists that no iptables rule can say; `split.ts` decides them by chains.
 */
export type Asked = {
  matches: Match[];
  notIface: readonly string[];
  notProto: readonly number[];
  notType: readonly NamedIcmpType[];
  /** Those that the matches refer to. */
  sets: readonly NetworkSet[];
};

/**
 * What the conditions ask, more than `largeList` networks of a set; no matches when they cannot hold in this family.
 */
export function askedBy(
  conditions: Conditions,
  family: Family,
  direction: Direction,
  largeList: number,
): Asked {
  const interfaces = interfacesOf(conditions.iface, direction);
  const payload = payloadOf(conditions, family);
  const state = stateWords(conditions.state);
  const matches: Match[] = [];
  const { sources, destinations, sets } = addressesOf(conditions, family, largeList);
  if (state !== NEVER) {
    for (const src of sources) {
      for (const dst of destinations) {
        for (const iface of interfaces.words) {
          for (const { proto, modules } of payload.matches) {
            const extension = join(src.ranges, dst.ranges, modules, state);
            matches.push({ src: src.words, dst: dst.words, iface, proto, extension });
          }
        }
      }
    }
  }
  return { matches, notIface: interfaces.not, notProto: payload.notProto, notType: payload.notType, sets };
}

type Addresses = {
  sources: readonly AddressMatch[];
  destinations: readonly AddressMatch[];
  sets: readonly NetworkSet[];
};

const NO_SET: readonly NetworkSet[] = [];

function addressesOf(conditions: Conditions, family: Family, largeList: number): Addresses {
  const { src, dst } = conditions;
  const large = largeConditions(conditions, family, largeList);
  const asSet = (option: "-s" | "-d", condition: Condition | undefined): SetMatch | null =>
    condition ? setMatch(option, networksOf(condition, family), family, condition.not) : null;
  const source = large.src ? asSet("-s", src) : null;
  const destination = large.dst ? asSet("-d", dst) : null;
  return {
    sources: source ? [source.match] : addressMatches("-s", src, family),
    destinations: destination ? [destination.match] : addressMatches("-d", dst, family),
    sets: source || destination ? [source, destination].flatMap((one) => one?.set ?? []) : NO_SET,
  };
}

export function matchWords({ src, dst, iface, proto, extension }: Match): string {
  return join(src, dst, iface, proto, extension);
}

/** A condition that cannot hold; `""` is one that always holds. */
const NEVER = null;

/** `-i eth0`, or `-o eth0` of a packet that leaves. */
export function interfaceMatch(direction: Direction, pattern: string, not = false): string {
  return `${bang(not)}${direction === "in" ? "-i" : "-o"} ${pattern}`;
}

type Interfaces = { words: readonly string[]; not: readonly string[] };

const EVERY_INTERFACE: Interfaces = { words: [""], not: [] };

function interfacesOf(condition: Condition | undefined, direction: Direction): Interfaces {
  if (!condition) return EVERY_INTERFACE;
  const patterns = widestInterfaces(condition.values);
  if (patterns.includes("+")) return { words: condition.not ? [] : [""], not: [] };
  if (!condition.not) return { words: patterns.map((one) => interfaceMatch(direction, one)), not: [] };
  const [only, ...others] = patterns;
  if (only !== undefined && others.length === 0) {
    return { words: [interfaceMatch(direction, only, true)], not: [] };
  }
  return { words: only === undefined ? [] : [""], not: patterns };
}

/** The order in which iptables-save prints them. */
const PRINTED = ["invalid", "new", "related", "established", "untracked"];

function stateWords(condition: Condition | undefined): string | null {
  if (!condition) return "";
  const named = PRINTED.filter((state) => condition.values.includes(state));
  if (named.length === STATES.length) return condition.not ? NEVER : "";
  if (named.length === 0) return NEVER;
  return `-m conntrack ${bang(condition.not)}--ctstate ${named.map((state) => state.toUpperCase()).join(",")}`;
}

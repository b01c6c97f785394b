/**
 * Negated lists that no iptables rule can say: `not iface { eth0, wg+ }`. A rule takes one `-i` and one `-p`, and not
 * any number of types, so the chain is split: packets of each interface that such a list names leave for a chain of
 * their own, which holds the rules that they can still meet; for the others every such list holds. All that is then
 * left to ask of the list has been answered by the chain that the packet is in.
 *
 * The rules stay in their order, and RETURN out of a chain that was reached by -g goes where it would have gone from
 * the flow's own chain, so `ignore` needs nothing more. One level for interfaces, below it one for protocols and one
 * for types, however many lists there are: nft allows no more than 15 chains below PREROUTING.
 */
import {
  type Conditions,
  type Family,
  type NamedIcmpType,
  printIcmpType,
  widerInterfaces,
} from "@flowmgr/flow-model";
import { type Asked, type Direction, interfaceMatch } from "./match.ts";
import { icmpWords, protocolWords } from "./match-payload.ts";
import { join } from "./words.ts";

/** A rule of a flow as one family sees it, or its ICMP errors. */
export type Part = Asked & {
  /** As in the config, from 1; null for the flow's ICMP errors. */
  rule: number | null;
  verb: "match" | "ignore";
  /** What the rule asks; null for the ICMP errors, which name no class of packets. */
  conditions: Conditions | null;
};

/** One way to tell packets apart: the classes, in the order in which they are asked for. */
export type Split = {
  /** The match words of each class; a packet belongs to the first that it meets. */
  classes(parts: readonly Part[]): SplitClass[];
  /** The parts for packets of no class: every negated list holds. */
  others(parts: readonly Part[]): Part[];
};

export type SplitClass = {
  guard: string;
  /** The parts that packets of the class can meet, their lists decided. */
  parts: Part[];
};

/** Interfaces, protocols, ICMP types. */
export function splitsOf(family: Family, direction: Direction): Split[] {
  return [byInterface(direction), BY_PROTOCOL, byType(family)];
}

const interfaceDecided = (part: Part): Part =>
  part.notIface.length === 0 ? part : { ...part, notIface: [] };

/** A pattern covers another or has nothing in common with it, so the most specific one decides every list. */
const byInterface = (direction: Direction): Split => ({
  classes(parts) {
    const patterns = [...new Set(parts.flatMap(({ notIface }) => notIface))];
    return patterns.sort(specificFirst).map((pattern) => {
      const covering = new Set([pattern, ...widerInterfaces(pattern)]);
      const met = parts.filter(({ notIface }) => !notIface.some((one) => covering.has(one)));
      return { guard: interfaceMatch(direction, pattern), parts: met.map(interfaceDecided) };
    });
  },
  others: (parts) => parts.map(interfaceDecided),
});

/** Names before wildcards, long wildcards before short ones. */
function specificFirst(a: string, b: string): number {
  const length = (pattern: string) => (pattern.endsWith("+") ? pattern.length : Number.POSITIVE_INFINITY);
  return length(a) === length(b) ? 0 : length(b) - length(a);
}

const protocolDecided = (part: Part): Part => (part.notProto.length === 0 ? part : { ...part, notProto: [] });

const BY_PROTOCOL: Split = {
  classes(parts) {
    const numbers = [...new Set(parts.flatMap(({ notProto }) => notProto))];
    return numbers.map((number) => {
      const met = parts.filter(({ notProto }) => !notProto.includes(number));
      return { guard: protocolWords(number), parts: met.map(protocolDecided) };
    });
  },
  others: (parts) => parts.map(protocolDecided),
};

const typeDecided = (part: Part): Part => (part.notType.length === 0 ? part : { ...part, notType: [] });

/** Codes before whole types. */
const byType = (family: Family): Split => ({
  classes(parts) {
    const named = parts.flatMap(({ notType }) => notType);
    const types = [...new Map(named.map((type) => [printIcmpType(type), type])).values()];
    const [codes, whole] = [
      types.filter(({ code }) => code !== null),
      types.filter(({ code }) => code === null),
    ];
    return [...codes, ...whole].map((type) => {
      const covers = (one: NamedIcmpType) =>
        one.type === type.type && (one.code === null || one.code === type.code);
      const { proto, modules } = icmpWords(family, type);
      const met = parts.filter(({ notType }) => !notType.some(covers));
      return { guard: join(proto, modules), parts: met.map(typeDecided) };
    });
  },
  others: (parts) => parts.map(typeDecided),
});

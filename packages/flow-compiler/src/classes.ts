/**
 * Packets that rules hold for only when they say so (the sparing of the language): this machine's own, by `lo`,
 * and neighbour discovery. Each class is told apart once, at the top of the main chain, and not in every rule: a
 * packet of a class goes to a main chain of the class's own, which jumps to the rules that name it and to nothing
 * else. With the setting `judge` there is no such class.
 */
import {
  type Conditions,
  type Family,
  ICMP6,
  NEIGHBOUR_TYPES,
  namesLoopback,
  namesProtocol,
  parseIcmpType,
} from "@flowmgr/flow-model";
import { type Asked, type Direction, interfaceMatch, type Match } from "./match.ts";
import { icmpWords, protocolWords } from "./match-payload.ts";
import type { CompileOptions } from "./program.ts";
import { join, readValue } from "./words.ts";

export type PacketClass = {
  /** Becomes part of the chain's name: `FLOWS-lo`. */
  name: "lo" | "neighbours";
  /** Match words, each of which takes a part of the class; together all of it. */
  guards: string[];
  /** Do the conditions name the class, so that a packet of it is judged by them? */
  names(conditions: Conditions): boolean;
  /** Can no packet outside the class meet them? */
  confines(conditions: Conditions): boolean;
  /** Would the kernel let a packet of the class take one of the matches? Yes, when in doubt. */
  meets(asked: Pick<Asked, "matches">): boolean;
};

const loopback = (direction: Direction): PacketClass => ({
  name: "lo",
  guards: [interfaceMatch(direction, "lo")],
  names: namesLoopback,
  confines: ({ iface }) => iface !== undefined && !iface.not && iface.values.every((value) => value === "lo"),
  meets: () => true,
});

const namesIcmp6 = (conditions: Conditions) => namesProtocol(conditions, ICMP6);

/** The ICMPv6 types that the conditions ask for; null when they ask for none, any, or others than they name. */
function typesAsked({ icmptype }: Conditions): number[] | null {
  if (!icmptype || icmptype.not) return null;
  const types = icmptype.values.map((value) => readValue(parseIcmpType(value, 6)));
  const numbers = types.flatMap((type) => ("any" in type ? [] : [type.type]));
  return numbers.length < types.length ? null : numbers;
}

const isNeighbour = (type: number) => NEIGHBOUR_TYPES.includes(type);

const NEIGHBOURS: PacketClass = {
  name: "neighbours",
  guards: NEIGHBOUR_TYPES.map((type) => {
    const { proto, modules } = icmpWords(6, { type, code: null });
    return join(proto, modules);
  }),
  names: (conditions) => namesIcmp6(conditions) && (typesAsked(conditions)?.some(isNeighbour) ?? true),
  confines: (conditions) => namesIcmp6(conditions) && (typesAsked(conditions)?.every(isNeighbour) ?? false),
  meets: ({ matches }) => matches.some(takesNeighbours),
};

const IS_ICMP6 = protocolWords(ICMP6);
const NOT_ICMP6 = protocolWords(ICMP6, true);

/** No match for another protocol does, and none for another type. */
function takesNeighbours({ proto, extension }: Match): boolean {
  if (proto === NOT_ICMP6 || (proto.startsWith("-p ") && proto !== IS_ICMP6)) return false;
  const [, type] = (proto === IS_ICMP6 && /-m icmp6 --icmpv6-type (\d+)/.exec(extension)) || [];
  return type === undefined || isNeighbour(Number(type));
}

/** The classes that are spared in a family, under these settings. */
export function classesOf(options: CompileOptions, family: Family, direction: Direction): PacketClass[] {
  const classes: PacketClass[] = [];
  if (options.loopback === "spare") classes.push(loopback(direction));
  if (options.neighbours === "spare" && family === 6) classes.push(NEIGHBOURS);
  return classes;
}

/**
 * Packets that rules hold for only when they say so (the sparing of the language): this machine's own, by `lo`,
 * and neighbour discovery. Each class is told apart once, at the top of the main chain, and not in every rule: a
 * packet of a class goes to a main chain of the class's own, which jumps to the rules that name it and to nothing
 * else. With the setting `judge` there is no such class.
 */
import { type Conditions, type Family, ICMP6, parseIcmpType, parseProtocol } from "@flowmgr/flow-model";
import { icmpWords, join, readValue, single } from "./match.ts";
import type { CompileOptions } from "./program.ts";

export type PacketClass = {
  /** Becomes part of the chain's name: `FLOWS-lo`. */
  name: "lo" | "neighbours";
  /** Match words, each of which takes a part of the class; together all of it. */
  guards: string[];
  /** Do the conditions name the class, so that a packet of it is judged by them? */
  names(conditions: Conditions): boolean;
  /** Can no packet outside the class meet them? */
  confines(conditions: Conditions): boolean;
};

const LOOPBACK: PacketClass = {
  name: "lo",
  guards: ["-i lo"],
  names: ({ iface }) => iface !== undefined && !iface.not && ["lo", "lo+"].includes(single(iface)),
  confines: ({ iface }) => iface !== undefined && !iface.not && single(iface) === "lo",
};

/** Multicast listeners (130 to 132, 143; RFC 2710, 3810), routers, neighbours, redirect (133 to 137; RFC 4861). */
const NEIGHBOUR_TYPES = [130, 131, 132, 133, 134, 135, 136, 137, 143];

const namesIcmp6 = ({ proto }: Conditions) =>
  proto !== undefined && !proto.not && readValue(parseProtocol(single(proto))) === ICMP6;

/** The ICMPv6 type that the conditions ask for; null when they ask for none, any or a negated one. */
function typeAsked({ icmptype }: Conditions): number | null {
  if (!icmptype || icmptype.not) return null;
  const type = readValue(parseIcmpType(single(icmptype), 6));
  return "any" in type ? null : type.type;
}

const NEIGHBOURS: PacketClass = {
  name: "neighbours",
  guards: NEIGHBOUR_TYPES.map((type) => {
    const { proto, extension } = icmpWords(6, String(type));
    return join(proto, extension);
  }),
  names: (conditions) => {
    if (!namesIcmp6(conditions)) return false;
    const type = typeAsked(conditions);
    return type === null || NEIGHBOUR_TYPES.includes(type);
  },
  confines: (conditions) => {
    const type = namesIcmp6(conditions) ? typeAsked(conditions) : null;
    return type !== null && NEIGHBOUR_TYPES.includes(type);
  },
};

/** The classes that are spared in a family, under these settings. */
export function classesOf(options: CompileOptions, family: Family): PacketClass[] {
  const classes: PacketClass[] = [];
  if (options.loopback === "spare") classes.push(LOOPBACK);
  if (options.neighbours === "spare" && family === 6) classes.push(NEIGHBOURS);
  return classes;
}

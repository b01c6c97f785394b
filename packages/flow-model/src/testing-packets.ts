/** Random packets, most of them on the borders of what a config speaks of: there the mistakes are. */
import fc, { type Arbitrary } from "fast-check";
import { parseAddress, rangeOf } from "./address.ts";
import { BITS } from "./address-bits.ts";
import type { Family } from "./family.ts";
import {
  familiesOf,
  holds,
  icmpFamily,
  icmpProtocol,
  letsProtocol,
  protocolsThatCarryPorts,
} from "./holds.ts";
import { parseIcmpType } from "./icmp.ts";
import { expandLists } from "./lists.ts";
import type { Packet } from "./packet.ts";
import { PORT_MAX, parsePorts } from "./ports.ts";
import { hasPorts, ICMP, ICMP6, parseProtocol, protocolOccurs, SCTP, TCP, UDP } from "./protocols.ts";
import { CONDITION_KINDS, type ConditionKind, type Conditions, type Config, flowsOf } from "./schema.ts";
import { STATES, type State } from "./states.ts";
import { parseEach } from "./value.ts";

export type PacketOptions = {
  /** What conntrack may say of a packet; every state where the config asks for one, unless given. */
  states?: readonly State[];
};

/** What a packet is aimed at: packets of this direction for which these conditions hold. */
type Aim = { direction: Packet["direction"]; conditions: Conditions };

/**
 * A packet as it can exist: ports and ICMP types only where its protocol has them. Of four, three are aimed at a
 * rule of the config and meet its conditions, on their borders where they have some, or miss them by one field; the
 * fourth has its fields from anywhere in the config.
 */
export function arbitraryPacket(
  config: Config = { items: [], comment: [] },
  { states }: PacketOptions = {},
): Arbitrary<Packet> {
  const aims = flowsOf(expandLists(config)).flatMap((flow): Aim[] => {
    const direction = flow.kind === "flow" ? "in" : "out";
    const rules = flow.skipped ? [] : flow.rules.filter(({ off }) => !off);
    return rules.map(({ conditions }) => ({ direction, conditions }));
  });
  const borders = bordersOf(aims);
  const asked = aims.some(({ conditions }) => conditions.state) ? STATES : [];
  const draw = (aim: Aim) => packetAt(aim, borders, states ?? asked);
  const directions = [...new Set([...aims.map(({ direction }) => direction), "in" as const])];
  const anywhere = fc.constantFrom(...directions).chain((direction) => draw({ direction, conditions: {} }));
  if (aims.length === 0) return anywhere;
  const aim = fc.constantFrom(...aims);
  const kind = fc.constantFrom(...CONDITION_KINDS);
  return fc.oneof(
    { weight: 2, arbitrary: aim.chain(draw) },
    fc.tuple(aim, kind).chain(([{ direction, conditions }, left]) => {
      const { [left]: _, ...others } = conditions;
      return draw({ direction, conditions: others });
    }),
    anywhere,
  );
}

function packetAt(aim: Aim, borders: Borders, states: readonly State[]): Arbitrary<Packet> {
  const own = bordersOf([aim]);
  const classes = classesOf(aim.conditions, [...borders.protocols, ...own.protocols]);
  if (classes.length === 0) return packetAt({ ...aim, conditions: {} }, borders, states);
  return fc.constantFrom(...classes).chain(({ family, proto }) => {
    const field = fieldOf({ direction: aim.direction, family, proto }, aim.conditions);
    const number = fc.bigInt(0n, (1n << BigInt(BITS[family])) - 1n);
    const addresses = [own.addresses[family], borders.addresses[family]] as const;
    const port = fc.integer({ min: 0, max: PORT_MAX });
    const ports = [own.ports, borders.ports] as const;
    const names = [own.interfaces, borders.interfaces] as const;
    const types = [own.icmp[family], borders.icmp[family]] as const;
    return fc.record({
      direction: fc.constant(aim.direction),
      family: fc.constant(family),
      iface: field("iface", names, fc.constant("any1"), (iface) => ({ iface })),
      proto: fc.constant(proto),
      src: field("src", addresses, number, (src) => ({ src })),
      dst: field("dst", addresses, number, (dst) => ({ dst })),
      ...(hasPorts(proto) && {
        srcport: field("srcport", ports, port, (srcport) => ({ srcport })),
        dstport: field("dstport", ports, port, (dstport) => ({ dstport })),
      }),
      ...((proto === ICMP || proto === ICMP6) && {
        icmp: field("icmptype", types, fc.constantFrom(...types[1]), (icmp) => ({ icmp })),
      }),
      ...(states.length > 0 && {
        state: field("state", [[], states], fc.constantFrom(...states), (state) => ({ state })),
      }),
    });
  });
}

/** Values of a field for which its condition holds: those on its own borders, on others', and any if these fail. */
function fieldOf(
  { direction, family, proto }: Pick<Packet, "direction" | "family" | "proto">,
  conditions: Conditions,
) {
  const blank: Packet = { direction, family, iface: "eth0", proto, src: 0n, dst: 0n };
  return <T>(
    kind: ConditionKind,
    pools: readonly [own: readonly T[], all: readonly T[]],
    any: Arbitrary<T>,
    put: (value: T) => Partial<Packet>,
  ): Arbitrary<T> => {
    const meets = (value: T) => holds(kind, conditions, { ...blank, ...put(value) });
    const known = pools
      .map((pool) => pool.filter(meets))
      .filter((pool) => pool.length > 0)
      .map((pool) => ({ weight: 4, arbitrary: fc.constantFrom(...pool) }));
    return fc.oneof(
      ...known,
      ...(conditions[kind] && known.length > 0 ? [] : [{ weight: 1, arbitrary: any }]),
    );
  };
}

type Class = { family: Family; proto: number };

/** Families and protocols of the packets that the conditions can hold for. */
function classesOf(conditions: Conditions, protocols: readonly number[]): Class[] {
  const { srcport, dstport, icmptype } = conditions;
  const withPorts = srcport || dstport ? protocolsThatCarryPorts({ conditions }) : null;
  return familiesOf({ conditions }).flatMap((family) =>
    protocols
      .filter(
        (proto) =>
          protocolOccurs(proto, family) &&
          letsProtocol(conditions, proto) &&
          (!withPorts || withPorts.includes(proto)) &&
          (!icmptype || (family === icmpFamily(conditions) && proto === icmpProtocol(family))),
      )
      .map((proto) => ({ family, proto })),
  );
}

type Borders = ReturnType<typeof bordersOf>;

/** What the values of conditions begin and end with, and what stands just outside. */
function bordersOf(aims: readonly Aim[]) {
  const values = (...kinds: ConditionKind[]) =>
    aims.flatMap(({ conditions }) => kinds.flatMap((kind) => conditions[kind]?.values ?? []));
  const addresses: Record<Family, bigint[]> = { 4: [], 6: [] };
  for (const address of parseEach(values("src", "dst"), parseAddress)) {
    const { low, high } = rangeOf(address);
    const highest = (1n << BigInt(BITS[address.family])) - 1n;
    const around = [low - 1n, low, high, high + 1n].filter((bits) => bits >= 0n && bits <= highest);
    addresses[address.family].push(...around);
  }
  const ports = parseEach(values("srcport", "dstport"), parsePorts)
    .flatMap(({ low, high }) => [low - 1, low, high, high + 1])
    .filter((port) => port >= 0 && port <= PORT_MAX);
  const protocols = [TCP, UDP, ICMP, ICMP6, SCTP, 47, ...parseEach(values("proto"), parseProtocol)];
  const interfaces = ["eth0", "lo", ...values("iface").flatMap((name) => insideOf(name))];
  const types = values("icmptype");
  return { addresses, ports, protocols, interfaces, icmp: { 4: icmpOf(4, types), 6: icmpOf(6, types) } };
}

/** Interfaces that stand under a pattern: the shortest and a longer one. */
function insideOf(pattern: string): string[] {
  if (!pattern.endsWith("+")) return [pattern, `${pattern}0`.slice(0, 15)];
  const start = pattern.slice(0, -1);
  return [start || "any0", `${start}9`];
}

/** What is always of interest: echo, errors, neighbour discovery and its neighbours. */
const USUAL: Readonly<Record<Family, readonly number[]>> = {
  4: [0, 3, 8, 11, 12],
  6: [1, 2, 4, 128, 129, 130, 135, 137, 138, 143, 144],
};

function icmpOf(family: Family, types: readonly string[]): { type: number; code: number }[] {
  const named = parseEach(types, (text) => parseIcmpType(text, family)).flatMap((icmp) =>
    "any" in icmp ? [] : [{ type: icmp.type, code: icmp.code ?? 0 }],
  );
  const usual = USUAL[family].map((type) => ({ type, code: 0 }));
  return [...usual, ...named, ...named.map(({ type, code }) => ({ type, code: (code + 1) % 256 }))];
}

/**
 * Does this rule hold for this packet? THE meaning of the language, in one place. The space of the analysis, the
 * chains of the compiler and the tester are proven against it with random configs and packets; a change of the
 * language starts here.
 *
 * Values are parsed once for each rule and kept (see `testsOf`), so that ten thousand flows trace in
 * milliseconds. Named lists come expanded (`expandLists`). A value that does not parse takes no packet: such a config
 * is refused by `check`, and what is traced while someone is typing must not throw.
 */
import { addressSet, isEvery, isInside } from "./address-set.ts";
import type { Family } from "./family.ts";
import { type IcmpType, parseIcmpType } from "./icmp.ts";
import { interfaceMatches } from "./names.ts";
import type { Packet } from "./packet.ts";
import { portSet } from "./ports.ts";
import { ICMP, ICMP6, parseProtocol, protocolOccurs, SCTP, TCP, UDP } from "./protocols.ts";
import { CONDITION_KINDS, type Condition, type ConditionKind, type Conditions } from "./schema.ts";
import { parseEach } from "./value.ts";

/** What the language spares unless told otherwise (settings `--loopback` and `--neighbours`). */
export type MeaningOptions = { loopback: "spare" | "judge"; neighbours: "spare" | "judge" };

export const SPARE_BOTH: MeaningOptions = { loopback: "spare", neighbours: "spare" };

/** Rules and expectations have conditions alike. */
export type Conditioned = { conditions: Conditions };

export type Held =
  | { holds: true }
  /** The first condition that fails, in the grammar's order; `spared`: all hold, and the packet is spared. */
  | { holds: false; failed: ConditionKind | "spared" };

type Test = (packet: Packet) => boolean;

/**
 * What each condition asks of a packet. `all`, the conditions it stands among, because `proto` says which packets
 * have ports and which family `icmptype` speaks of.
 */
const TESTS: Record<ConditionKind, (condition: Condition, all: Conditions) => Test> = {
  iface: ({ not, values }) => {
    return (packet) => values.some((pattern) => interfaceMatches(pattern, packet.iface)) !== not;
  },

  /** Negated, it holds for every packet that its list does not name. */
  proto: (condition) => {
    const numbers = new Set(protocolsNamed(condition));
    return ({ proto, family }) => (numbers.has(proto) && protocolOccurs(proto, family)) !== condition.not;
  },

  src: (condition) => addressTest(condition, (packet) => packet.src),
  dst: (condition) => addressTest(condition, (packet) => packet.dst),

  srcport: (condition, all) => portTest(condition, all, (packet) => packet.srcport),
  dstport: (condition, all) => portTest(condition, all, (packet) => packet.dstport),

  /** Negated or not, only for ICMP of its family. */
  icmptype: ({ not, values }, all) => {
    const family = icmpFamily(all);
    const types = parseEach(values, (text) => parseIcmpType(text, family));
    return (packet) => {
      const { icmp } = packet;
      if (packet.family !== family || packet.proto !== icmpProtocol(family) || !icmp) return false;
      return types.some((type) => takesIcmp(type, icmp)) !== not;
    };
  },

  /** A packet of which nobody says otherwise is the first of its connection. */
  state: ({ not, values }) => {
    return ({ state = "new" }) => values.includes(state) !== not;
  },
};

/** Negated or not, only for packets of a family that stands in the list. */
function addressTest({ not, values }: Condition, of: (packet: Packet) => bigint): Test {
  const set = addressSet(values);
  return (packet) => {
    const mine = set[packet.family];
    return mine.length > 0 && isInside(mine, of(packet)) !== not;
  };
}

/** Negated or not, only for packets that have ports. */
function portTest(
  { not, values }: Condition,
  all: Conditions,
  of: (packet: Packet) => number | undefined,
): Test {
  const ranges = portSet(values);
  const withPorts = new Set(protocolsWithPorts(all));
  return (packet) => {
    const port = of(packet);
    if (port === undefined || !withPorts.has(packet.proto)) return false;
    return ranges.some(({ low, high }) => low <= port && port <= high) !== not;
  };
}

function takesIcmp(wanted: IcmpType, icmp: { type: number; code: number }): boolean {
  return (
    "any" in wanted || (wanted.type === icmp.type && (wanted.code === null || wanted.code === icmp.code))
  );
}

const protocolsNamed = (condition: Condition | undefined) =>
  parseEach(condition?.values ?? [], parseProtocol);

/** Does a `proto`, not negated, name this protocol? */
export function namesProtocol({ proto }: Conditions, number: number): boolean {
  return proto !== undefined && !proto.not && protocolsNamed(proto).includes(number);
}

/** Does `proto` let packets of this protocol through? True where there is none. */
export function letsProtocol({ proto }: Conditions, number: number): boolean {
  return !proto || protocolsNamed(proto).includes(number) !== proto.not;
}

/** Does an `iface`, not negated, name the loopback literally? `+` and `l+` do not. */
export function namesLoopback({ iface }: Conditions): boolean {
  return iface !== undefined && !iface.not && iface.values.some((value) => value === "lo" || value === "lo+");
}

/** Does a `proto`, not negated, name icmp6? */
export function namesIcmp6(conditions: Conditions): boolean {
  return namesProtocol(conditions, ICMP6);
}

/** The family that `icmptype` speaks of: IPv6's needs `proto icmp6`. */
export function icmpFamily(conditions: Conditions): Family {
  return namesIcmp6(conditions) ? 6 : 4;
}

/** ICMP's protocol number in a family. */
export const icmpProtocol = (family: Family) => (family === 4 ? ICMP : ICMP6);

/** Protocols whose packets a port condition among these conditions counts: tcp, udp, and sctp where it is named. */
export function protocolsWithPorts(conditions: Conditions): number[] {
  return namesProtocol(conditions, SCTP) ? [TCP, UDP, SCTP] : [TCP, UDP];
}

/** Protocols with ports that `proto` lets through, whether or not the rule asks for ports. */
export function protocolsThatCarryPorts({ conditions }: Conditioned): number[] {
  return protocolsWithPorts(conditions).filter((number) => letsProtocol(conditions, number));
}

/** The families that a rule's conditions allow: the rule counts for packets of these only. */
export function familiesOf({ conditions }: Conditioned): Family[] {
  const { proto, src, dst, icmptype } = conditions;
  const inList = (condition: Condition | undefined, family: Family) => {
    const mine = condition && addressSet(condition.values)[family];
    return !mine || (mine.length > 0 && !(condition.not && isEvery(mine, family)));
  };
  const protocols = proto && !proto.not ? protocolsNamed(proto) : null;
  const occurs = (family: Family) => !protocols || protocols.some((number) => protocolOccurs(number, family));
  const ofIcmp = (family: Family) => !icmptype || icmpFamily(conditions) === family;
  return ([4, 6] as const).filter(
    (family) => inList(src, family) && inList(dst, family) && occurs(family) && ofIcmp(family),
  );
}

/** A condition whose list is empty asks for what no packet is, negated or not. */
const never: Test = () => false;

type Tests = {
  each: { kind: ConditionKind; test: Test }[];
  loopback: boolean;
  neighbours: boolean;
};

/** Keyed by the conditions themselves: a config is a value, nothing changes it in place. */
const known = new WeakMap<Conditions, Tests>();

function testsOf(conditions: Conditions): Tests {
  let tests = known.get(conditions);
  if (!tests) {
    tests = {
      each: CONDITION_KINDS.flatMap((kind) => {
        const condition = conditions[kind];
        if (!condition) return [];
        return [{ kind, test: condition.values.length > 0 ? TESTS[kind](condition, conditions) : never }];
      }),
      loopback: namesLoopback(conditions),
      neighbours: namesIcmp6(conditions),
    };
    known.set(conditions, tests);
  }
  return tests;
}

/** Does the condition of this kind hold for the packet? True where there is none. */
export function holds(kind: ConditionKind, conditions: Conditions, packet: Packet): boolean {
  return testsOf(conditions).each.every((one) => one.kind !== kind || one.test(packet));
}

/** Do all conditions of a rule hold, and does it take packets that are spared? Whether it is off is not asked. */
export function ruleHolds({ conditions }: Conditioned, packet: Packet, options = SPARE_BOTH): Held {
  const tests = testsOf(conditions);
  for (const { kind, test } of tests.each) {
    if (!test(packet)) return { holds: false, failed: kind };
  }
  const spared =
    (options.loopback === "spare" && isLoopback(packet) && !tests.loopback) ||
    (options.neighbours === "spare" && isNeighbourDiscovery(packet) && !tests.neighbours);
  return spared ? { holds: false, failed: "spared" } : { holds: true };
}

/** This machine's own: it comes in by `lo`, or leaves by it. */
export function isLoopback(packet: Packet): boolean {
  return packet.iface === "lo";
}

/**
 * Multicast listeners (130 to 132, 143; RFC 2710, 3810), routers, neighbours, redirect (133 to 137; RFC 4861).
 * Without them IPv6 ends within seconds.
 */
export const NEIGHBOUR_TYPES: readonly number[] = [130, 131, 132, 133, 134, 135, 136, 137, 143];

/** Neighbour discovery and multicast listener messages. */
export function isNeighbourDiscovery({ family, proto, icmp }: Packet): boolean {
  return family === 6 && proto === ICMP6 && icmp !== undefined && NEIGHBOUR_TYPES.includes(icmp.type);
}

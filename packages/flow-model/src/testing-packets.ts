/** Random packets, most of them on the borders of what a config speaks of: there the mistakes are. */
import fc, { type Arbitrary } from "fast-check";
import { parseAddress, rangeOf } from "./address.ts";
import { BITS } from "./address-bits.ts";
import type { Family } from "./family.ts";
import { parseIcmpType } from "./icmp.ts";
import type { Packet } from "./packet.ts";
import { PORT_MAX, parsePorts } from "./ports.ts";
import { hasPorts, ICMP, ICMP6, parseProtocol, protocolOccurs, SCTP, TCP, UDP } from "./protocols.ts";
import { type ConditionKind, type Config, flowsOf } from "./schema.ts";
import { parseEach } from "./value.ts";

/** A packet as it can exist: ports and ICMP types only where its protocol has them. */
export function arbitraryPacket(config: Config = { items: [], comment: [] }): Arbitrary<Packet> {
  const borders = bordersOf(config);
  const family = fc.constantFrom<Family[]>(4, 6);
  return family.chain((family) => {
    const proto = fc.constantFrom(...borders.protocols.filter((number) => protocolOccurs(number, family)));
    return proto.chain((proto) => {
      const icmp = fc.constantFrom(...borders.icmp[family]);
      const port = biased(borders.ports, fc.integer({ min: 0, max: PORT_MAX }));
      const address = biased(borders.addresses[family], fc.bigInt(0n, (1n << BigInt(BITS[family])) - 1n));
      return fc.record({
        direction: fc.constant("in" as const),
        family: fc.constant(family),
        iface: fc.constantFrom(...borders.interfaces),
        proto: fc.constant(proto),
        src: address,
        dst: address,
        ...(hasPorts(proto) ? { srcport: port, dstport: port } : {}),
        ...(proto === ICMP || proto === ICMP6 ? { icmp } : {}),
      });
    });
  });
}

function biased<T>(borders: readonly T[], any: Arbitrary<T>): Arbitrary<T> {
  if (borders.length === 0) return any;
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...borders) }, any);
}

/** What a config's values begin and end with, and what stands just outside. */
function bordersOf(config: Config) {
  const values = valuesOf(config);
  const addresses: Record<Family, bigint[]> = { 4: [], 6: [] };
  for (const address of parseEach([...values.src, ...values.dst], parseAddress)) {
    const { low, high } = rangeOf(address);
    const highest = (1n << BigInt(BITS[address.family])) - 1n;
    const around = [low - 1n, low, high, high + 1n].filter((bits) => bits >= 0n && bits <= highest);
    addresses[address.family].push(...around);
  }
  const ports = parseEach([...values.srcport, ...values.dstport], parsePorts)
    .flatMap(({ low, high }) => [low - 1, low, high, high + 1])
    .filter((port) => port >= 0 && port <= PORT_MAX);
  const protocols = [TCP, UDP, ICMP, ICMP6, SCTP, 47, ...parseEach(values.proto, parseProtocol)];
  const interfaces = ["eth0", "lo", ...values.iface.flatMap((name) => insideOf(name))];
  return { addresses, ports, protocols, interfaces, icmp: { 4: icmpOf(4, values), 6: icmpOf(6, values) } };
}

type Values = Record<ConditionKind, string[]>;

function valuesOf(config: Config): Values {
  const values: Values = {
    iface: [],
    proto: [],
    src: [],
    dst: [],
    srcport: [],
    dstport: [],
    icmptype: [],
    state: [],
  };
  for (const { rules } of flowsOf(config)) {
    for (const { conditions } of rules) {
      for (const kind of Object.keys(values) as ConditionKind[]) {
        values[kind].push(...(conditions[kind]?.values ?? []));
      }
    }
  }
  return values;
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

function icmpOf(family: Family, { icmptype }: Values): { type: number; code: number }[] {
  const named = parseEach(icmptype, (text) => parseIcmpType(text, family)).flatMap((icmp) =>
    "any" in icmp ? [] : [{ type: icmp.type, code: icmp.code ?? 0 }],
  );
  const usual = USUAL[family].map((type) => ({ type, code: 0 }));
  return [...usual, ...named, ...named.map(({ type, code }) => ({ type, code: (code + 1) % 256 }))];
}

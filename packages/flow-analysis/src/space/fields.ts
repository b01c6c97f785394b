/**
 * The fields of a packet as whole numbers, for one family and the rules that are looked at. Ports, protocols and
 * ICMP types are numbers already; addresses become their rank among all addresses at which some rule begins or ends,
 * since between two of them nothing changes; interface names become atoms, the classes of names that no pattern tells
 * apart.
 */
import {
  type AddressRange,
  addressSet,
  BITS,
  type Conditions,
  type Family,
  hasPorts,
  INTERFACE_LENGTH,
  icmpProtocol,
  type Packet,
  STATES,
} from "@flowmgr/flow-model";
import { type Intervals, unionOf } from "./intervals.ts";

/** The order in which a diagram asks. Destinations first: they tell flows of a load balancer apart soonest. */
export const LEVEL = {
  dst: 0,
  src: 1,
  proto: 2,
  dstport: 3,
  srcport: 4,
  iface: 5,
  icmp: 6,
  state: 7,
} as const;

export const LEVELS = 8;

/** Highest values of the fields that are numbers already; `icmp` is type * 256 + code. */
const HIGHEST = { proto: 255, port: 65_535, icmp: 65_535 } as const;

/** What makes a difference to the rules that are looked at. */
export type World = {
  family: Family;
  /** The highest value at each level. */
  maxima: readonly number[];
  src: Ranks;
  dst: Ranks;
  ifaces: Atoms;
};

/** First addresses of the intervals between which nothing changes, in order, and the place of each. */
type Ranks = { starts: readonly bigint[]; rankOf: ReadonlyMap<bigint, number> };

type Atoms = {
  /** Names of one interface each, and `eth+` for the names under it that nothing else here tells apart, in order. */
  names: readonly string[];
  placeOf: ReadonlyMap<string, number>;
};

/** The world of these conditions in one family. */
export function worldOf(family: Family, all: readonly Conditions[]): World {
  const src = ranksOf(
    family,
    all.map(({ src }) => src),
  );
  const dst = ranksOf(
    family,
    all.map(({ dst }) => dst),
  );
  const ifaces = atomsOf(all.flatMap(({ iface }) => iface?.values ?? []));
  const maxima = [
    dst.starts.length - 1,
    src.starts.length - 1,
    HIGHEST.proto,
    HIGHEST.port,
    HIGHEST.port,
    ifaces.names.length - 1,
    HIGHEST.icmp,
    STATES.length - 1,
  ];
  return { family, maxima, src, dst, ifaces };
}

function ranksOf(family: Family, all: readonly (Conditions["src"] | undefined)[]): Ranks {
  const behind = 1n << BigInt(BITS[family]);
  const starts = new Set([0n]);
  const seen = new Set<readonly string[]>();
  for (const condition of all) {
    if (!condition || seen.has(condition.values)) continue;
    seen.add(condition.values);
    for (const { low, high } of addressSet(condition.values)[family]) {
      starts.add(low);
      if (high + 1n < behind) starts.add(high + 1n);
    }
  }
  const inOrder = [...starts].sort((a, b) => (a < b ? -1 : 1));
  return { starts: inOrder, rankOf: new Map(inOrder.map((start, rank) => [start, rank])) };
}

/** Ranges whose ends the world knows, as ranks. */
export function ranksIn({ starts, rankOf }: Ranks, ranges: readonly AddressRange[]): Intervals {
  return ranges.flatMap(({ low, high }) => {
    const behind = rankOf.get(high + 1n) ?? starts.length;
    return [rankOf.get(low) ?? 0, behind - 1];
  });
}

/** Intervals of ranks as ranges of addresses. */
export function rangesOf({ starts }: Ranks, intervals: Intervals, family: Family): AddressRange[] {
  const ranges: AddressRange[] = [];
  for (let at = 0; at < intervals.length; at += 2) {
    const behind = starts[(intervals[at + 1] ?? 0) + 1] ?? 1n << BigInt(BITS[family]);
    ranges.push({ low: starts[intervals[at] ?? 0] ?? 0n, high: behind - 1n });
  }
  return ranges;
}

/**
 * `lo` is always one, and the rest of all names. Sorted so that what stands under a pattern is one interval: a
 * pattern's own atom comes behind all longer names.
 */
function atomsOf(patterns: readonly string[]): Atoms {
  const key = (name: string) => (name.endsWith("+") ? `${name.slice(0, -1)}\u{ffff}` : name);
  const names = [...new Set(["lo", "+", ...patterns])].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { names, placeOf: new Map(names.map((name, place) => [name, place])) };
}

/** The interfaces that at least one of the patterns takes. */
export function interfacesIn({ names, placeOf }: Atoms, patterns: readonly string[]): Intervals {
  return unionOf(
    patterns.map((pattern) => {
      const last = placeOf.get(pattern) ?? 0;
      if (!pattern.endsWith("+")) return [last, last];
      const start = pattern.slice(0, -1);
      let first = last;
      while (names[first - 1]?.startsWith(start)) first -= 1;
      return [first, last];
    }),
  );
}

/** A packet of the world's family by its values at each level. What the packet has not is 0. */
export function valuesOf({ src, dst, ifaces }: World, packet: Packet): number[] {
  const icmp = packet.proto === icmpProtocol(packet.family) ? packet.icmp : undefined;
  const ported = hasPorts(packet.proto);
  return [
    rankOf(dst, packet.dst),
    rankOf(src, packet.src),
    packet.proto,
    ported ? (packet.dstport ?? 0) : 0,
    ported ? (packet.srcport ?? 0) : 0,
    atomOf(ifaces, packet.iface),
    icmp ? icmp.type * 256 + icmp.code : 0,
    STATES.indexOf(packet.state ?? "new"),
  ];
}

/** The rank of an address. */
export function rankOf({ starts }: Ranks, address: bigint): number {
  let [first, behind] = [0, starts.length];
  while (behind - first > 1) {
    const middle = (first + behind) >>> 1;
    if (address < (starts[middle] ?? 0n)) behind = middle;
    else first = middle;
  }
  return first;
}

/** The name's own atom, or that of the longest pattern over it. */
function atomOf({ placeOf }: Atoms, name: string): number {
  const own = placeOf.get(name);
  if (own !== undefined) return own;
  for (let length = name.length; length >= 0; length -= 1) {
    const place = placeOf.get(`${name.slice(0, length)}+`);
    if (place !== undefined) return place;
  }
  return 0;
}

/** A packet that has these values: of the addresses of a rank the first, of the interfaces of an atom a likely one. */
export function packetOf(world: World, direction: Packet["direction"], point: ArrayLike<number>): Packet {
  const { family, src, dst, ifaces } = world;
  const value = (level: number) => point[level] ?? 0;
  const proto = value(LEVEL.proto);
  const icmp = value(LEVEL.icmp);
  const state = STATES[value(LEVEL.state)] ?? "new";
  return {
    direction,
    family,
    iface: interfaceOf(ifaces, value(LEVEL.iface)),
    proto,
    src: src.starts[value(LEVEL.src)] ?? 0n,
    dst: dst.starts[value(LEVEL.dst)] ?? 0n,
    ...(hasPorts(proto) && { srcport: value(LEVEL.srcport), dstport: value(LEVEL.dstport) }),
    ...(proto === icmpProtocol(family) && { icmp: { type: icmp >>> 8, code: icmp & 255 } }),
    ...(state !== "new" && { state }),
  };
}

/** The name itself, or one under the pattern that belongs to no other atom. */
function interfaceOf(atoms: Atoms, place: number): string {
  const name = atoms.names[place] ?? "+";
  if (!name.endsWith("+")) return name;
  const start = name.slice(0, -1) || "eth";
  for (let number = 0; ; number += 1) {
    const made = number === 0 && name !== "+" ? start : `${start}${number}`;
    if (atomOf(atoms, made) === place) return made.slice(0, INTERFACE_LENGTH);
  }
}

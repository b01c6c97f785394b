/**
 * The fields of a packet as whole numbers, for one family and the rules that are looked at. Ports, protocols and
 * ICMP types are numbers already; addresses become their rank among all addresses at which some rule begins or ends,
 * since between two of them nothing changes; interface names become atoms, the classes of names that no pattern tells
 * apart.
 */
import {
  type AddressRange,
  type Family,
  hasPorts,
  INTERFACE_LENGTH,
  icmpProtocol,
  type Packet,
  STATES,
} from "@flowmgr/flow-model";
import { Ranks } from "./addresses.ts";
import { complement, type Intervals, unionOf } from "./intervals.ts";
import { HIGHEST, LEVEL } from "./levels.ts";
import type { Reach } from "./reach.ts";

/** What makes a difference to the rules that are looked at. */
export type World = {
  family: Family;
  /** The highest value at each level. */
  maxima: readonly number[];
  src: Ranks;
  dst: Ranks;
  ifaces: Atoms;
  /** All interfaces but lo. */
  notLoopback: Intervals;
};

type Atoms = {
  /** Names of one interface each, and `eth+` for the names under it that nothing else here tells apart, in order. */
  names: readonly string[];
  placeOf: ReadonlyMap<string, number>;
};

/** The world of what is asked of packets of one family. */
export function worldOf(family: Family, reaches: readonly Reach[]): World {
  const src = new Ranks(
    family,
    reaches.flatMap((reach) => (reach.src ? [reach.src] : [])),
  );
  const dst = new Ranks(
    family,
    reaches.flatMap((reach) => (reach.dst ? [reach.dst] : [])),
  );
  const ifaces = atomsOf(reaches.flatMap(({ iface }) => iface?.values ?? []));
  const ofIface = ifaces.names.length - 1;
  const maxima = HIGHEST.map((highest) => highest);
  maxima[LEVEL.dst] = dst.size - 1;
  maxima[LEVEL.src] = src.size - 1;
  maxima[LEVEL.iface] = ofIface;
  const notLoopback = complement(interfacesIn(ifaces, ["lo"]), ofIface);
  return { family, maxima, src, dst, ifaces, notLoopback };
}

/** Intervals of ranks as ranges of addresses. */
export function rangesOf(ranks: Ranks, intervals: Intervals): AddressRange[] {
  const ranges: AddressRange[] = [];
  for (let at = 0; at < intervals.length; at += 2) {
    const behind = ranks.startOf((intervals[at + 1] ?? 0) + 1);
    ranges.push({ low: ranks.startOf(intervals[at] ?? 0), high: behind - 1n });
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
    dst.rankOf(packet.dst),
    src.rankOf(packet.src),
    packet.proto,
    ported ? (packet.dstport ?? 0) : 0,
    ported ? (packet.srcport ?? 0) : 0,
    atomOf(ifaces, packet.iface),
    icmp ? icmp.type * 256 + icmp.code : 0,
    STATES.indexOf(packet.state ?? "new"),
  ];
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

/**
 * Nobody's addresses, from the blocks that are kept for documentation (RFC 5737, RFC 3849), the usual one first; behind
 * them some of low blocks, for where rules leave nothing else.
 */
export const OUTSIDE: Readonly<Record<Family, readonly [bigint, ...bigint[]]>> = {
  4: [0xc633_6407n, 0xcb00_7107n, 0xc000_0207n, 0x0a00_0007n, 0x0a00_0008n, 0x0100_0007n, 0x0100_0008n],
  6: [
    0x2001_0db8_ffff_0000_0000_0000_0000_0007n,
    0x2001_0db8_eeee_0000_0000_0000_0000_0007n,
    0x2000_0000_0000_0000_0000_0000_0000_0007n,
    0x2000_0000_0000_0000_0000_0000_0000_0008n,
  ],
};

/** Addresses of a rank, likely ones first: nobody's, then where some rule begins or ends; 0.0.0.0 is the last resort. */
function addressesAt(ranks: Ranks, rank: number): bigint[] {
  const [first, last] = [ranks.startOf(rank), ranks.startOf(rank + 1) - 1n];
  const inside = [...OUTSIDE[ranks.family], first, first + 1n, last].filter(
    (address) => address !== 0n && first <= address && address <= last,
  );
  return inside.length > 0 ? inside : [first];
}

/** Source and destination of two ranks; one and the same address only where both ranks are nothing else. */
function endsAt({ src, dst }: World, from: number, to: number): Pick<Packet, "src" | "dst"> {
  const targets = addressesAt(dst, to);
  const pairs = addressesAt(src, from).flatMap((one) => targets.map((other) => ({ src: one, dst: other })));
  const [first = { src: src.startOf(from), dst: dst.startOf(to) }] = pairs;
  return pairs.find((pair) => pair.src !== pair.dst) ?? first;
}

/** Can packets with addresses of these ranks have two different ones? */
export function canDiffer(world: World, from: number, to: number): boolean {
  const ends = endsAt(world, from, to);
  return ends.src !== ends.dst;
}

/** A packet that has these values: of the addresses of a rank and the interfaces of an atom likely ones. */
export function packetOf(world: World, direction: Packet["direction"], point: ArrayLike<number>): Packet {
  const { family, ifaces } = world;
  const value = (level: number) => point[level] ?? 0;
  const proto = value(LEVEL.proto);
  const icmp = value(LEVEL.icmp);
  const state = STATES[value(LEVEL.state)] ?? "new";
  return {
    direction,
    family,
    iface: interfaceOf(ifaces, value(LEVEL.iface)),
    proto,
    ...endsAt(world, value(LEVEL.src), value(LEVEL.dst)),
    ...(hasPorts(proto) && { srcport: value(LEVEL.srcport), dstport: value(LEVEL.dstport) }),
    ...(proto === icmpProtocol(family) && { icmp: { type: icmp >>> 8, code: icmp & 255 } }),
    ...(state !== "new" && { state }),
  };
}

/** The name itself, or the most likely one under the pattern that belongs to no other atom. */
function interfaceOf(atoms: Atoms, place: number): string {
  const name = atoms.names[place] ?? "+";
  if (!name.endsWith("+")) return name;
  const start = name.slice(0, -1);
  for (const made of namesUnder(start)) {
    if (made.length <= INTERFACE_LENGTH && atomOf(atoms, made) === place) return made;
  }
  // Others have taken every name: nothing is said of such an interface that is not said of one of them.
  return start || LIKELY[0];
}

const LIKELY = ["eth0", "eth1", "ens1", "wan0", "lan0"] as const;
const ENDINGS = [..."123456789", "0", ..."abcdefghijklmnopqrstuvwxyz"];

function* namesUnder(start: string): Generator<string> {
  if (start === "") yield* LIKELY;
  else yield start;
  for (const ending of ENDINGS) yield start + ending;
  for (const ending of ENDINGS) for (const last of ENDINGS) yield start + ending + last;
}

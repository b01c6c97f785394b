/**
 * Which packets a flow's rules can take, as far as the dispatch tells packets apart by it: by addresses, protocol and
 * destination port. Read from the words of the iptables rules, since these are what the kernel asks. What is not said
 * here may hold for any packet, so a reach is never too narrow.
 */
import { BITS, type Family, parseAddress } from "@flowmgr/flow-model";
import type { Match } from "./match.ts";
import { addressMatch } from "./match-address.ts";
import { readValue } from "./words.ts";

/** A network: its first address as hex digits, all of them, and the number of its bits that count. */
export type Prefix = { hex: string; length: number };

export type PortRange = { low: number; high: number };

/** What some rules of one flow ask alike; of their ports, all together. */
export type Reach = {
  /** Null: any. */
  dst: Prefix | null;
  src: Prefix | null;
  /** `-p tcp`; "": any, or all but one. */
  proto: string;
  /** `-i eth0`, negated too; "": any, or not the same for all. */
  iface: string;
  /** Destination ports, together with `proto` only; null: any. */
  ports: readonly PortRange[] | null;
};

/** The reaches of rules, those that ask for the same addresses and protocol as one. */
export function reachesOf(matches: readonly Match[], family: Family): Reach[] {
  const found = new Map<string, Reach>();
  // Networks that are the same are the same value, since rules of one flow mostly ask for one.
  const networks = new Map<string, Prefix | null>();
  const network = (words: string) => {
    const prefix = networks.get(words) ?? prefixIn(words, family);
    networks.set(words, prefix);
    return prefix;
  };
  for (const { dst, src, iface, proto, extension } of matches) {
    const key = `${dst},${src},${proto}`;
    const ports = proto.startsWith("-p ") ? portsIn(extension) : null;
    const known = found.get(key);
    if (known) {
      known.ports = known.ports && ports && [...known.ports, ...ports];
      if (known.iface !== iface) known.iface = "";
      continue;
    }
    found.set(key, {
      dst: network(dst),
      src: network(src),
      proto: proto.startsWith("-p ") ? proto : "",
      iface,
      ports,
    });
  }
  return [...found.values()];
}

/** `-d 10.0.0.0/8`; a negated one can be any. */
function prefixIn(words: string, family: Family): Prefix | null {
  if (!words.startsWith("-")) return null;
  const { bits, prefix } = readValue(parseAddress(words.slice(3)));
  return { hex: bits.toString(16).padStart(BITS[family] / 4, "0"), length: prefix };
}

/** `-d 10.0.0.0/8` of a prefix; "" for every address. */
export function prefixWords(option: "-d" | "-s", { hex, length }: Prefix, family: Family): string {
  return addressMatch(option, { family, bits: BigInt(`0x${hex}`), prefix: length, hostBits: false });
}

const PORTS = /^--dports? ([\d:,]+)/;

function portsIn(extension: string): PortRange[] | null {
  const at = extension.indexOf("--dport");
  if (at < 0 || extension.slice(0, at).endsWith("! ")) return null;
  const [, ranges = ""] = PORTS.exec(extension.slice(at)) ?? [];
  return ranges.split(",").map((range) => {
    const [low = 0, high = low] = range.split(":").map(Number);
    return { low, high };
  });
}

/** Does every address of `inner` lie in `outer`? */
export function contains(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && sameStart(outer, inner, outer.length);
}

function sameStart(one: Prefix, other: Prefix, length: number): boolean {
  const whole = length >> 2;
  for (let at = 0; at < whole; at += 1) {
    if (one.hex.charCodeAt(at) !== other.hex.charCodeAt(at)) return false;
  }
  const left = 4 - (length & 3);
  return left === 4 || digit(one, whole) >> left === digit(other, whole) >> left;
}

/** The value of a hex digit, 0 to 15. */
function digit({ hex }: Prefix, at: number): number {
  const code = hex.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

/** The value of some bits of a network's first address, up to four of them, from the bit `at` (0 is the first) on. */
export function bitsAt(prefix: Prefix, at: number, count: number): number {
  // Behind the last digit there is none, which counts as 0.
  const two = (digit(prefix, at >> 2) << 4) | digit(prefix, (at >> 2) + 1);
  return (two >> (8 - (at & 3) - count)) & ((1 << count) - 1);
}

/** How many bits two networks have in common, `most` at most, of those that both of them fix. */
export function commonBits(one: Prefix, other: Prefix, most: number): number {
  const end = Math.min(most, one.length, other.length);
  let at = 0;
  while (4 * at + 4 <= end && one.hex.charCodeAt(at) === other.hex.charCodeAt(at)) at += 1;
  if (4 * at >= end) return end;
  return Math.min(end, 4 * at + Math.clz32(digit(one, at) ^ digit(other, at)) - 28);
}

/** The smallest network that holds both. */
export function commonPrefix(one: Prefix, other: Prefix): Prefix {
  return beginningOf(one, commonBits(one, other, one.length));
}

/** The network of the addresses that begin with the first `length` bits of the prefix. */
export function beginningOf(prefix: Prefix, length: number): Prefix {
  if (length === prefix.length) return prefix;
  const { hex } = prefix;
  const kept = (digit(prefix, length >> 2) >> (4 - (length & 3))) << (4 - (length & 3));
  const start = `${hex.slice(0, length >> 2)}${(length & 3) === 0 ? "" : kept.toString(16)}`;
  return { hex: start.padEnd(hex.length, "0"), length };
}

/** Does a network say more than that an address lies in `within`, in which some of it does? */
export function narrows(prefix: Prefix | null, within: Prefix): prefix is Prefix {
  return prefix !== null && prefix.length > within.length;
}

/** Values that one multiport match takes; a range takes two. */
export const SLOTS = 15;

export function slotsOf(ports: readonly PortRange[]): number {
  return ports.reduce((sum, { low, high }) => sum + (low === high ? 1 : 2), 0);
}

/** The ports, sorted, in so few ranges that one multiport match takes them; where they are more, with some between them. */
export function cover(ports: readonly PortRange[]): PortRange[] {
  const ranges: PortRange[] = [];
  for (const { low, high } of [...ports].sort((a, b) => a.low - b.low)) {
    const before = ranges.at(-1);
    if (before && low <= before.high + 1) before.high = Math.max(before.high, high);
    else ranges.push({ low, high });
  }
  let slots = slotsOf(ranges);
  while (slots > SLOTS) {
    const gap = (at: number) => (ranges[at + 1]?.low ?? Number.POSITIVE_INFINITY) - (ranges[at]?.high ?? 0);
    let at = 0;
    for (let other = 1; other < ranges.length - 1; other += 1) if (gap(other) < gap(at)) at = other;
    const [one, next] = ranges.splice(at, 2);
    if (!one || !next) break;
    slots -= (one.low === one.high ? 1 : 2) + (next.low === next.high ? 1 : 2) - 2;
    ranges.splice(at, 0, { low: one.low, high: next.high });
  }
  return ranges;
}

/** Do two lists of reaches say the same? */
export function sameReaches(some: readonly Reach[], others: readonly Reach[]): boolean {
  return some.length === others.length && some.every((one, at) => sameReach(one, others[at]));
}

function sameReach(one: Reach, other: Reach | undefined): boolean {
  if (!other || one.proto !== other.proto || one.iface !== other.iface) return false;
  if (!samePrefix(one.dst, other.dst) || !samePrefix(one.src, other.src)) return false;
  if (one.ports === null || other.ports === null) return one.ports === other.ports;
  const { ports } = other;
  return (
    one.ports.length === ports.length &&
    one.ports.every(({ low, high }, at) => low === ports[at]?.low && high === ports[at]?.high)
  );
}

const samePrefix = (one: Prefix | null, other: Prefix | null) =>
  one?.hex === other?.hex && one?.length === other?.length;

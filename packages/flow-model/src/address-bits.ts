/** Bare addresses of both families, without prefix: text to unsigned integer and back. */
import type { Family } from "./family.ts";

/** Length of an address. */
export const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Character codes. */
const [DOT, ZERO, COLON, SMALL_A] = [46, 48, 58, 97];

/**
 * Four octets without leading zeros, as an unsigned number; null for any other text. Character by character,
 * because a blocklist has tens of thousands of these.
 */
export function parseIPv4(text: string): number | null {
  let bits = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code - ZERO;
    if (code === DOT && octet >= 0) {
      bits = bits * 256 + octet;
      octet = -1;
      dots += 1;
    } else if (digit >= 0 && digit <= 9 && octet !== 0) {
      // An octet of 0 takes no further digit: that would be a leading zero.
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return null;
    } else {
      return null;
    }
  }
  return dots === 3 && octet >= 0 ? bits * 256 + octet : null;
}

/** The text of RFC 4291, 2.2, zones excluded; null for any other text. */
export function parseIPv6(text: string): bigint | null {
  const gap = text.indexOf("::");
  if (gap < 0) {
    const groups = parseGroups(text, 0, text.length);
    return groups?.length === 8 ? joinGroups(groups) : null;
  }
  const head = gap === 0 ? [] : parseGroups(text, 0, gap);
  const tail = gap + 2 === text.length ? [] : parseGroups(text, gap + 2, text.length);
  // "::" stands for one group or more.
  if (head === null || tail === null || head.length + tail.length > 7) return null;
  return (joinGroups(head) << BigInt(16 * (8 - head.length))) | joinGroups(tail);
}

/** The 16-bit groups between colons from `start` to `end`; an IPv4 address may be the end of the text. */
function parseGroups(text: string, start: number, end: number): number[] | null {
  const groups: number[] = [];
  let group = 0;
  let digits = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) {
      if (digits === 0) return null;
      groups.push(group);
      group = 0;
      digits = 0;
    } else if (code === DOT) {
      const ipv4 = end === text.length ? parseIPv4(text.slice(i - digits)) : null;
      if (ipv4 === null) return null;
      groups.push(Math.floor(ipv4 / 0x1_0000), ipv4 % 0x1_0000);
      return groups;
    } else {
      const digit = hexDigit(code);
      if (digit < 0 || ++digits > 4) return null;
      group = group * 16 + digit;
    }
  }
  if (digits === 0) return null;
  groups.push(group);
  return groups;
}

/** The value of 0-9, a-f, A-F by character code; -1 for any other. */
function hexDigit(code: number): number {
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO;
  const letter = (code | 0x20) - SMALL_A;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/** The groups as one number; two groups a step, since each step allocates. */
function joinGroups(groups: readonly number[]): bigint {
  const odd = groups.length % 2;
  let bits = BigInt(odd === 1 ? (groups[0] ?? 0) : 0);
  for (let i = odd; i < groups.length; i += 2) {
    bits = (bits << 32n) | BigInt((groups[i] ?? 0) * 0x1_0000 + (groups[i + 1] ?? 0));
  }
  return bits;
}

/** One address of either family, without a prefix. */
export function printBits(family: Family, bits: bigint): string {
  return family === 4 ? printIPv4(Number(bits)) : printIPv6(bits);
}

function printIPv4(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

/**
 * RFC 5952: lower case, no leading zeros, the first of the longest runs of two or more zero groups as `::`.
 * An address in ::/96 ends in dotted form, as glibc's inet_ntop and with it iptables-save print it (measured).
 */
function printIPv6(bits: bigint): string {
  const high = Number((bits >> 16n) & 0xffffn);
  if (bits >> 32n === 0n && high !== 0) return `::${printIPv4(Number(bits))}`;
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((bits >> shift) & 0xffffn));
  const run = longestZeroRun(groups);
  const hex = (from: number, to?: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return run ? `${hex(0, run.start)}::${hex(run.start + run.length)}` : hex(0);
}

function longestZeroRun(groups: number[]): { start: number; length: number } | null {
  let best: { start: number; length: number } | null = null;
  let start = 0;
  for (const [i, group] of groups.entries()) {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > (best?.length ?? 1)) best = { start, length: i + 1 - start };
  }
  return best;
}

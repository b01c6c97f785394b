/**
 * Addresses and networks of both families: parse, print, contain.
 *
 * Written here rather than taken from a library because what is refused is part of the language: inet_aton's
 * liberties (`10.1`, `010.0.0.1`, `0x0a000001`) read differently in different tools, and a filter that means
 * another network than its author is worse than one that does not load.
 */
import { BITS, parseIPv4, parseIPv6, printBits } from "./address-bits.ts";
import { explainIPv4, explainIPv6, refuseMask, refusePrefix } from "./address-errors.ts";
import type { Family } from "./family.ts";
import { type Parsed, parseDecimal } from "./value.ts";

export type Address = {
  family: Family;
  /** The address as written, host bits kept: an unsigned integer of 32 or 128 bits. */
  bits: bigint;
  /** Number of leading bits that count. */
  prefix: number;
  /** True when bits behind the prefix are set: the author may have meant another network. */
  hostBits: boolean;
};

/** An address, or a network with `/prefix`, or for IPv4 with `/dotted mask`. */
export function parseAddress(text: string): Parsed<Address> {
  const slash = text.indexOf("/");
  const written = slash < 0 ? text : text.slice(0, slash);
  const mask = slash < 0 ? null : text.slice(slash + 1);
  const ipv4 = parseIPv4(written);
  if (ipv4 !== null) return withPrefix(4, BigInt(ipv4), mask, text);
  if (!written.includes(":")) return { error: explainIPv4(written, mask) };
  const ipv6 = parseIPv6(written);
  if (ipv6 === null || isMapped(ipv6)) return { error: explainIPv6(written, mask, ipv6) };
  return withPrefix(6, ipv6, mask, text);
}

function withPrefix(family: Family, bits: bigint, mask: string | null, text: string): Parsed<Address> {
  if (mask === null) return { ok: { family, bits, prefix: BITS[family], hostBits: false } };
  let prefix = parseDecimal(mask);
  if (prefix === null && family === 4) {
    const dotted = parseIPv4(mask);
    if (dotted !== null) {
      prefix = prefixOfMask(dotted);
      if (prefix === null) return { error: refuseMask(text, mask, dotted) };
    }
  }
  if (prefix === null || prefix > BITS[family]) return { error: refusePrefix(text, mask, family) };
  const host = BigInt(BITS[family] - prefix);
  return {
    ok: { family, bits, prefix, hostBits: (bits >> host) << host !== bits },
  };
}

/** `::ffff:0:0/96`: an IPv4 address in IPv6 clothes, which no packet on the wire carries. */
function isMapped(bits: bigint): boolean {
  return bits >> 32n === 0xffffn;
}

/** The prefix length of a mask of ones, then zeros; null for any other mask. */
function prefixOfMask(mask: number): number | null {
  const zeros = 0xffff_ffff - mask;
  // Zeros that all stand at the end make a number one below a power of two.
  const prefix = 32 - Math.log2(zeros + 1);
  return Number.isInteger(prefix) ? prefix : null;
}

/** The canonical text: a dotted mask as a prefix, /32 and /128 left out, IPv6 as `printIPv6` says. */
export function printAddress({ family, bits, prefix }: Address): string {
  const text = printBits(family, bits);
  return prefix === BITS[family] ? text : `${text}/${prefix}`;
}

/** The network that an address lies in: the same without host bits. */
export function networkOf(address: Address): Address {
  return { ...address, bits: rangeOf(address).low, hostBits: false };
}

/** First and last address of a network. */
export function rangeOf({ family, bits, prefix }: Address): { low: bigint; high: bigint } {
  const host = BigInt(BITS[family] - prefix);
  const low = (bits >> host) << host;
  return { low, high: low | ((1n << host) - 1n) };
}

/** Does the network contain the address? The caller knows that the families are the same. */
export function containsAddress({ family, bits, prefix }: Address, address: bigint): boolean {
  const host = BigInt(BITS[family] - prefix);
  return address >> host === bits >> host;
}

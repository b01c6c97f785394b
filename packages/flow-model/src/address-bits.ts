/** Bare addresses of both families, without prefix: text to unsigned integer and back. */
import type { Family } from "./packet.ts";

/** Length of an address. */
export const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

const IPV4 = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/;

/** Four octets without leading zeros, as an unsigned number; null for any other text. */
export function parseIPv4(text: string): number | null {
	const octets = IPV4.exec(text);
	if (!octets) return null;
	let bits = 0;
	for (let i = 1; i <= 4; i++) {
		const octet = octets[i] ?? "";
		const number = Number(octet);
		if (number > 255 || (octet.length > 1 && octet.startsWith("0")))
			return null;
		bits = bits * 256 + number;
	}
	return bits;
}

/** The text of RFC 4291, 2.2, zones excluded; null for any other text. */
export function parseIPv6(text: string): bigint | null {
	const halves = text.split("::");
	if (halves.length > 2) return null;
	const head = parseGroups(halves[0] ?? "", halves.length === 1);
	const tail = halves.length === 1 ? [] : parseGroups(halves[1] ?? "", true);
	if (head === null || tail === null) return null;
	const missing = 8 - head.length - tail.length;
	// "::" stands for one group or more.
	if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
	const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
	let bits = 0n;
	for (let i = 0; i < 8; i += 2) {
		bits =
			(bits << 32n) |
			BigInt((groups[i] ?? 0) * 0x1_0000 + (groups[i + 1] ?? 0));
	}
	return bits;
}

/** The 16-bit groups between colons; `last`: the text ends here, so an IPv4 address may be its end. */
function parseGroups(text: string, last: boolean): number[] | null {
	if (text === "") return [];
	const groups: number[] = [];
	const parts = text.split(":");
	for (const [i, part] of parts.entries()) {
		if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
			groups.push(Number.parseInt(part, 16));
			continue;
		}
		const ipv4 = last && i === parts.length - 1 ? parseIPv4(part) : null;
		if (ipv4 === null) return null;
		groups.push(Math.floor(ipv4 / 0x1_0000), ipv4 % 0x1_0000);
	}
	return groups;
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
	for (let shift = 112n; shift >= 0n; shift -= 16n)
		groups.push(Number((bits >> shift) & 0xffffn));
	const run = longestZeroRun(groups);
	const hex = (from: number, to?: number) =>
		groups
			.slice(from, to)
			.map((group) => group.toString(16))
			.join(":");
	return run ? `${hex(0, run.start)}::${hex(run.start + run.length)}` : hex(0);
}

function longestZeroRun(
	groups: number[],
): { start: number; length: number } | null {
	let best: { start: number; length: number } | null = null;
	let start = 0;
	for (const [i, group] of groups.entries()) {
		if (group !== 0) start = i + 1;
		else if (i + 1 - start > (best?.length ?? 1))
			best = { start, length: i + 1 - start };
	}
	return best;
}

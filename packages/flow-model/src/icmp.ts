/**
 * ICMP types by name and number. Names and aliases are those that `iptables -p icmp -h` and `ip6tables -p icmpv6 -h`
 * of iptables 1.8.9 list; the numbers are those that iptables-save 1.8.9 shows for each of them (both measured).
 */
import type { Family } from "./family.ts";
import { type Parsed, parseDecimal, quote, refuse } from "./value.ts";

/** A type with one code, or with every code (`code` null); or every type. */
export type IcmpType = { type: number; code: number | null } | { any: true };

/** One that can be told from others. */
export type NamedIcmpType = Exclude<IcmpType, { any: true }>;

/** `[name, type]` takes every code, `[name, type, code]` one. */
export type IcmpName = readonly [name: string, type: number, code?: number];

const IPV4: readonly IcmpName[] = [
  ["echo-reply", 0],
  ["pong", 0],
  ["destination-unreachable", 3],
  ["network-unreachable", 3, 0],
  ["host-unreachable", 3, 1],
  ["protocol-unreachable", 3, 2],
  ["port-unreachable", 3, 3],
  ["fragmentation-needed", 3, 4],
  ["source-route-failed", 3, 5],
  ["network-unknown", 3, 6],
  ["host-unknown", 3, 7],
  ["network-prohibited", 3, 9],
  ["host-prohibited", 3, 10],
  ["TOS-network-unreachable", 3, 11],
  ["TOS-host-unreachable", 3, 12],
  ["communication-prohibited", 3, 13],
  ["host-precedence-violation", 3, 14],
  ["precedence-cutoff", 3, 15],
  ["source-quench", 4],
  ["redirect", 5],
  ["network-redirect", 5, 0],
  ["host-redirect", 5, 1],
  ["TOS-network-redirect", 5, 2],
  ["TOS-host-redirect", 5, 3],
  ["echo-request", 8],
  ["ping", 8],
  ["router-advertisement", 9],
  ["router-solicitation", 10],
  ["time-exceeded", 11],
  ["ttl-exceeded", 11],
  ["ttl-zero-during-transit", 11, 0],
  ["ttl-zero-during-reassembly", 11, 1],
  ["parameter-problem", 12],
  ["ip-header-bad", 12, 0],
  ["required-option-missing", 12, 1],
  ["timestamp-request", 13],
  ["timestamp-reply", 14],
  ["address-mask-request", 17],
  ["address-mask-reply", 18],
];

const IPV6: readonly IcmpName[] = [
  ["destination-unreachable", 1],
  ["no-route", 1, 0],
  ["communication-prohibited", 1, 1],
  ["beyond-scope", 1, 2],
  ["address-unreachable", 1, 3],
  ["port-unreachable", 1, 4],
  ["failed-policy", 1, 5],
  ["reject-route", 1, 6],
  ["packet-too-big", 2],
  ["time-exceeded", 3],
  ["ttl-exceeded", 3],
  ["ttl-zero-during-transit", 3, 0],
  ["ttl-zero-during-reassembly", 3, 1],
  ["parameter-problem", 4],
  ["bad-header", 4, 0],
  ["unknown-header-type", 4, 1],
  ["unknown-option", 4, 2],
  ["echo-request", 128],
  ["ping", 128],
  ["echo-reply", 129],
  ["pong", 129],
  ["router-solicitation", 133],
  ["router-advertisement", 134],
  ["neighbour-solicitation", 135],
  ["neighbor-solicitation", 135],
  ["neighbour-advertisement", 136],
  ["neighbor-advertisement", 136],
  ["redirect", 137],
];

/** Every name and alias of a family, in the order of iptables' help. */
export const ICMP_NAMES: Readonly<Record<Family, readonly IcmpName[]>> = { 4: IPV4, 6: IPV6 };

const BY_NAME: Readonly<Record<Family, ReadonlyMap<string, IcmpName>>> = {
  4: new Map(IPV4.map((named) => [named[0], named])),
  6: new Map(IPV6.map((named) => [named[0], named])),
};

/** Highest type: iptables takes IPv4's 255 for `any` (measured), so it cannot be asked for there. */
const HIGHEST: Readonly<Record<Family, number>> = { 4: 254, 6: 255 };

const CODE = "bad-icmp-type";
const protoOf = (family: Family) => (family === 4 ? "icmp" : "icmp6");

/** A type by number, `type/code`, or one of iptables' names for that family, spelt exactly; `any` is every type. */
export function parseIcmpType(text: string, family: Family): Parsed<IcmpType> {
  if (text === "any") return { ok: { any: true } };
  const named = BY_NAME[family].get(text);
  if (named) return { ok: { type: named[1], code: named[2] ?? null } };
  const numbers = /^([0-9]+)(?:\/([0-9]+))?$/.exec(text);
  if (!numbers) return refuseName(text, family);
  const type = parseDecimal(numbers[1] ?? "");
  const code = numbers[2] === undefined ? null : parseDecimal(numbers[2]);
  if (type === null || (code === null && numbers[2] !== undefined)) {
    const plain = text.replace(/(^|\/)0+(?=[0-9])/g, "$1");
    return refuse(CODE, `the ICMP type ${quote(text)} has a leading zero`, `write ${plain}`);
  }
  if (family === 4 && type === 255) {
    return refuse(CODE, "iptables takes ICMP type 255 for every type", "write any, or a type from 0 to 254");
  }
  if (type > HIGHEST[family]) {
    const help = `types of ${protoOf(family)} go from 0 to ${HIGHEST[family]}`;
    return refuse(CODE, `there is no ICMP type ${quote(String(type))}`, help);
  }
  if (code !== null && code > 255) {
    return refuse(CODE, `there is no ICMP code ${quote(String(code))}`, "codes go from 0 to 255");
  }
  return { ok: { type, code } };
}

function refuseName(text: string, family: Family): Parsed<IcmpType> {
  const message = `${quote(text)} is not an ICMP type of ${protoOf(family)}`;
  const lower = text.toLowerCase();
  const spelt = ["any", ...BY_NAME[family].keys()].find((name) => name.toLowerCase() === lower);
  if (spelt) return refuse(CODE, message, `write ${spelt}`);
  const other = family === 4 ? 6 : 4;
  if (BY_NAME[other].has(text)) {
    return refuse(CODE, message, `it is one of ${protoOf(other)}: say proto ${protoOf(other)}`);
  }
  const help = "write a number such as 8, type/code such as 3/4, or a name such as echo-request";
  return refuse(CODE, message, help);
}

/** The types of a list, each once, without codes of types that are there as a whole; `any` where it is among them. */
export function widestIcmpTypes(types: readonly IcmpType[]): NamedIcmpType[] | "any" {
  const named = new Map<string, NamedIcmpType>();
  for (const type of types) {
    if ("any" in type) return "any";
    named.set(printIcmpType(type), type);
  }
  return [...named.values()].filter(({ type, code }) => code === null || !named.has(String(type)));
}

/** `8`, `3/4` or `any`. */
export function printIcmpType(icmp: IcmpType): string {
  if ("any" in icmp) return "any";
  return icmp.code === null ? String(icmp.type) : `${icmp.type}/${icmp.code}`;
}

/** The usual name of a type or of one code of it, for a sentence; null when it has none. */
export function icmpTypeName(type: number, code: number | null, family: Family): string | null {
  const names = ICMP_NAMES[family];
  const exact = names.find((named) => named[1] === type && (named[2] ?? null) === code);
  return (exact ?? names.find((named) => named[1] === type && named[2] === undefined))?.[0] ?? null;
}

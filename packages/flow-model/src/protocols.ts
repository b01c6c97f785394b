/**
 * Protocols by name and number. Names are ours to choose (`icmp6`, `ipip`); the numbers are IANA's
 * (https://www.iana.org/assignments/protocol-numbers). iptables knows gre, ipip and vrrp only where /etc/protocols
 * names them, so the kernel is given numbers.
 */
import type { Family } from "./family.ts";
import { type Parsed, parseDecimal, quote, refuse, withoutLeadingZeros } from "./value.ts";

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMP6 = 58;
export const SCTP = 132;

export type Protocol = { name: string; number: number; title: string; source: string };

export const PROTOCOLS: readonly Protocol[] = [
  { name: "tcp", number: TCP, title: "Transmission Control", source: "RFC 9293" },
  { name: "udp", number: UDP, title: "User Datagram", source: "RFC 768" },
  { name: "icmp", number: ICMP, title: "Internet Control Message, IPv4", source: "RFC 792" },
  { name: "icmp6", number: ICMP6, title: "Internet Control Message, IPv6", source: "RFC 4443" },
  { name: "sctp", number: SCTP, title: "Stream Control Transmission", source: "RFC 9260" },
  { name: "esp", number: 50, title: "Encapsulating Security Payload", source: "RFC 4303" },
  { name: "ah", number: 51, title: "Authentication Header", source: "RFC 4302" },
  { name: "gre", number: 47, title: "Generic Routing Encapsulation", source: "RFC 2784" },
  { name: "ipip", number: 4, title: "IPv4 in IP", source: "RFC 2003" },
  { name: "vrrp", number: 112, title: "Virtual Router Redundancy", source: "RFC 9568" },
];

const NUMBERS = new Map(PROTOCOLS.map(({ name, number }) => [name, number]));
const NAMES = new Map(PROTOCOLS.map(({ name, number }) => [number, name]));

/** What people write for protocols that have another name here, from /etc/protocols and other tools. */
const OTHER_NAMES = new Map([
  ["icmpv6", "icmp6"],
  ["ipv6-icmp", "icmp6"],
  ["ipencap", "ipip"],
  ["ip-in-ip", "ipip"],
  ["ipsec", "esp"],
  ["carp", "vrrp"],
]);
const EVERY = new Set(["all", "any", "ip", "ipv4", "ipv6", "0"]);

/** The number of a protocol by name, or 1 to 255. */
export function parseProtocol(text: string): Parsed<number> {
  const code = "bad-protocol";
  const named = NUMBERS.get(text);
  if (named !== undefined) return { ok: named };
  const number = parseDecimal(text);
  if (number !== null && number >= 1 && number <= 255) return { ok: number };
  if (EVERY.has(text.toLowerCase())) {
    return refuse(code, `${quote(text)} is not a protocol`, "for every protocol leave proto out");
  }
  if (number !== null) return refuse(code, `there is no protocol ${quote(text)}`, "numbers go from 1 to 255");
  const lower = text.toLowerCase();
  const meant = NUMBERS.has(lower) ? lower : (OTHER_NAMES.get(lower) ?? withoutLeadingZeros(text));
  if (meant) return refuse(code, `${quote(text)} is not a protocol`, `write ${meant}`);
  const names = PROTOCOLS.map(({ name }) => name).join(", ");
  return refuse(code, `${quote(text)} is not a protocol`, `write ${names} or a number from 1 to 255`);
}

/** The name of a protocol number; the number itself where it has none here. */
export function protocolName(number: number): string {
  return NAMES.get(number) ?? String(number);
}

/**
 * Can a packet of this family have this protocol? ICMP belongs to one family each. In IPv6 the protocol is the one
 * behind the extension headers, so theirs (hop-by-hop 0, routing 43, fragment 44, ah 51, destination options 60)
 * never occur as it; the two back ends of iptables disagree about them.
 */
export function protocolOccurs(number: number, family: Family): boolean {
  return family === 4 ? number !== ICMP6 : !NOT_IN_IPV6.has(number);
}

const NOT_IN_IPV6 = new Set([ICMP, 0, 43, 44, 51, 60]);

/** Does a packet of this protocol have ports, as the language counts it? (sctp: only where a rule names it.) */
export function hasPorts(number: number): boolean {
  return number === TCP || number === UDP || number === SCTP;
}

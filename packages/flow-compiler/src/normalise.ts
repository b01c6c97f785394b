/**
 * One text for what the kernel shows in several. iptables-save prints a protocol by the name that /etc/protocols
 * has for its number, if the package netbase is installed, so the same rule reads `-p gre` on one machine and
 * `-p 47` on the next. We write names only for the protocols that iptables knows by itself, numbers for all others,
 * and bring what is read back into that form.
 *
 * Where the back ends themselves differ, the compiler writes what both print alike: nft turns `! --dport 0:22` into
 * `--dport 23:65535` (legacy does not), both drop `--dport 0:65535`, `-i +` and `-s 0.0.0.0/0`.
 * (iptables 1.8.9, with and without /etc/protocols; test/kernel-text.test.ts.)
 */
import type { FamilyName } from "./program.ts";

/** Names that every iptables knows without /etc/protocols and that both back ends print. */
const OWN_WORDS = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [50, "esp"],
  [51, "ah"],
  [58, "ipv6-icmp"],
  [132, "sctp"],
]);

/**
 * Every name that iptables-save 1.8.9 prints with netbase 6.4's /etc/protocols, in the order of the numbers below,
 * and the two that it knows by itself beside our own words.
 */
const NAMES =
  `icmp igmp ggp ipencap st tcp egp igp pup udp hmp xns-idp rdp iso-tp4 dccp xtp ddp idpr-cmtp ipv6
  ipv6-route ipv6-frag idrp rsvp gre esp ah skip ipv6-icmp ipv6-nonxt ipv6-opts rspf vmtp eigrp ospf ax.25 ipip
  etherip encap pim ipcomp vrrp l2tp isis sctp fc mobility-header udplite mpls-in-ip manet hip shim6 wesp rohc
  ethernet icmpv6 ipv6-mh`.split(/\s+/);

const NUMBERS = [
  1, 2, 3, 4, 5, 6, 8, 9, 12, 17, 20, 22, 27, 29, 33, 36, 37, 38, 41, 43, 44, 45, 46, 47, 50, 51, 57, 58, 59,
  60, 73, 81, 88, 89, 93, 94, 97, 98, 103, 108, 112, 115, 124, 132, 133, 135, 136, 137, 138, 139, 140, 141,
  142, 143, 58, 135,
];

const NUMBER_OF = new Map(NAMES.map((name, i) => [name, NUMBERS[i] ?? 0]));

/** A protocol as our rules name it: its word where iptables has one of its own, else the number. */
export function protocolWord(number: number): string {
  return OWN_WORDS.get(number) ?? String(number);
}

const OURS: ReadonlySet<string> = new Set(OWN_WORDS.values());
const PROTOCOL = /(?:^| )-p (\S+)/;

/** A rule as iptables-save printed it (the words behind `-A CHAIN`), in the form that `compile` writes. */
export function normaliseRule(words: string, _family: FamilyName): string {
  // Most rules say it so already; there are a hundred thousand of them.
  if (OURS.has(PROTOCOL.exec(words)?.[1] ?? "tcp")) return words;
  return words.replace(/(^| )-p (\S+)/, (whole, before: string, protocol: string) => {
    const number = NUMBER_OF.get(protocol) ?? (/^\d+$/.test(protocol) ? Number(protocol) : null);
    return number === null ? whole : `${before}-p ${protocolWord(number)}`;
  });
}

/** Errors of names and values, and of what they say together: the text with its mark, the message, the help. */
import type { Row } from "./diagnostic-rows-words.ts";

/** Names and values. */
export const VALUES: Row[] = [
  [
    "bad-name",
    "flow «mail.in» permit match",
    'the name "mail.in" holds characters that a name cannot hold',
    "use letters, digits, - and _",
  ],
  [
    "bad-name",
    "flow «abcdefghijklmnopqrstuvwxyz_2» permit match",
    'the name "abcdefghijklmnopqrstuvwxyz_2" has 28 characters',
    "use at most 27: the name becomes part of a chain name in the kernel",
  ],
  [
    "bad-director",
    "flow a director «mail/direct» match",
    'the name "mail/direct" holds characters that a name cannot hold',
    "use letters, digits, -, _ and .",
  ],
  [
    "bad-table",
    "flow a table «local» match",
    "the table local (255) only knows this machine's own addresses",
    "write main, or a table that holds routes to where the packets shall go",
  ],
  ["bad-interface", "flow a permit match iface «eth*»", '* is no wildcard here: "eth*"', "write eth+"],
  ["bad-protocol", "flow a permit match proto «TCP»", '"TCP" is not a protocol', "write tcp"],
  [
    "bad-protocol",
    "flow a permit match proto «0»",
    '"0" is not a protocol',
    "for every protocol leave proto out",
  ],
  [
    "bad-address",
    "flow a permit match src «192.168.1.300/24»",
    '"300" is too big in the address "192.168.1.300"',
    "each number goes from 0 to 255",
  ],
  [
    "bad-address",
    "flow a permit match src «!10.0.0.1»",
    '"!10.0.0.1" is not an address',
    "write not src 10.0.0.1",
  ],
  [
    "bad-address",
    "flow a permit match dst «any»",
    '"any" is not an address; names are not looked up',
    "to take every packet leave dst out",
  ],
  [
    "bad-prefix",
    "flow a permit match dst «10.0.0.0/33»",
    'the prefix of "10.0.0.0/33" is too long',
    "write 0 to 32, or a mask such as 255.255.255.0",
  ],
  [
    "bad-mask",
    "flow a permit match dst «10.0.0.0/0.0.0.255»",
    '"0.0.0.255" is a wildcard mask, not a network mask',
    "write 10.0.0.0/24",
  ],
  ["bad-port", "flow a permit match dstport «65536»", 'there is no port "65536"', "ports go from 0 to 65535"],
  ["bad-port", "flow a permit match dstport «22-25»", '"22-25" is not a port', "write a range as 22:25"],
  [
    "bad-icmp-type",
    "flow a permit match icmptype «echo-reqest»",
    '"echo-reqest" is not an ICMP type of icmp',
    "write a number such as 8, type/code such as 3/4, or a name such as echo-request",
  ],
  [
    "bad-comment",
    "flow a permit «# bell \u0007»\n match",
    "a comment holds a line end or a control character",
    "write one entry for each line, without control characters",
  ],
  [
    "host-bits",
    "flow a permit match src «10.1.2.3/8»",
    '"10.1.2.3/8" has bits set behind its prefix',
    "it means the network 10.0.0.0/8: write that, or leave the prefix out for the one address",
  ],
];

const LEFT_OUT = "this rule leaves out established: packets of a connection that stands miss the director";
const WHOLE = "a director needs all of a connection: write state { new, established }, or leave state out";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
/** Ports of which no two are neighbours. */
const odd = (count: number) =>
  numbers(count)
    .map((index) => 2 * index + 1)
    .join(", ");
const hosts = (count: number) =>
  numbers(count)
    .map((index) => `10.0.0.${2 * index}`)
    .join(", ");

/** What flows and rules say together. */
export const MEANING: Row[] = [
  [
    "outflow-director",
    "outflow a skip «director» d match",
    "a director takes incoming packets only",
    "write permit, deny or table TABLE; or flow instead of outflow",
  ],
  ["director-state", "flow a director d match dst 10.0.0.1 «state new»", LEFT_OUT, WHOLE],
  ["director-state", "flow a director d match «not state { established, invalid }»", LEFT_OUT, WHOLE],
  [
    "too-many-combinations",
    `flow a permit match src @s «dstport { ${odd(121 * 15)} }» dst @d list s { ${hosts(17)} } list d { ${hosts(100)} }`,
    "this rule would become 4114 rules of iptables, and 4096 are the most",
    "each combination of its values is one: use networks and ranges, or several rules",
  ],
  [
    "too-many-rules",
    `flow «a» permit ${"match proto tcp src @s dstport @p ".repeat(60)} list s { ${hosts(40)} } list p { ${odd(90 * 15)} }`,
    "up to here the flows would become 216000 rules of iptables, and 200000 are the most",
    "each combination of a rule's values is one: use networks and ranges, or fewer lists in one rule",
  ],
  [
    "one-family",
    "flow a permit match «not src { @a, 10.0.0.1 }» list a { 10.1.0.0/16 }",
    "not src { @a, 10.0.0.1 } holds for IPv4 packets only",
    "IPv6 packets go on to the next rule; to match them too, add a rule with src ::/0",
  ],
  [
    "duplicate-flow",
    "flow a permit match flow «a» deny match",
    'a second flow is called "a"',
    "give each flow a name of its own",
  ],
  [
    "one-family",
    "flow a permit ignore «not src 192.168.0.0/24» proto tcp match dstport 22",
    "not src 192.168.0.0/24 holds for IPv4 packets only",
    "IPv6 packets go on to the next rule; to ignore them too, add a rule with src ::/0",
  ],
  [
    "one-family",
    "flow a permit match «not dst 2001:db8::/32»",
    "not dst 2001:db8::/32 holds for IPv6 packets only",
    "IPv4 packets go on to the next rule; to match them too, add a rule with dst 0.0.0.0/0",
  ],
];

const never = (rule: string, why: string, help: string): Row => [
  "never-holds",
  `flow a permit match ${rule}`,
  `this rule can never hold: ${why}`,
  help,
];

/** Rules that no packet can meet; the condition named is the first that cannot hold with those before it. */
export const NEVER: Row[] = [
  never(
    "proto icmp «dstport 22»",
    "icmp packets have no ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ),
  never(
    "srcport 22 «proto 47»",
    "gre packets have no ports",
    "leave srcport out, or write proto tcp, udp or sctp",
  ),
  never(
    "proto esp «not dstport 22»",
    "esp packets have no ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ),
  never(
    "«not dstport 0:65535»",
    "0:65535 is every port, and not leaves none",
    "leave dstport out; for packets without ports name their proto",
  ),
  never(
    "«not srcport 0:» proto tcp",
    "0:65535 is every port, and not leaves none",
    "leave srcport out; for packets without ports name their proto",
  ),
  never(
    "«not src 0.0.0.0/0»",
    "0.0.0.0/0 is every IPv4 address, and not leaves none",
    "leave src out; for IPv6 packets write src ::/0",
  ),
  never(
    "proto tcp «not dst ::/0»",
    "::/0 is every IPv6 address, and not leaves none",
    "leave dst out; for IPv4 packets write dst 0.0.0.0/0",
  ),
  never("«not iface +»", "+ is every interface, and not leaves none", "name the interfaces meant"),
  never("«not icmptype any»", "any is every ICMP type, and not leaves none", "name the types meant"),
  never(
    "src 10.0.0.1 «dst 2001:db8::1»",
    "src is IPv4 and dst is IPv6",
    "give both addresses one family, and write the other family apart",
  ),
  never(
    "dst 10.0.0.1 «not src 2001:db8::1» proto tcp",
    "src is IPv6 and dst is IPv4",
    "give both addresses one family, and write the other family apart",
  ),
  never("proto icmp «src 2001:db8::1»", "icmp is IPv4's and src is IPv6", "write proto icmp6"),
  never("dst 10.0.0.1 «proto icmp6»", "icmp6 is IPv6's and dst is IPv4", "write proto icmp"),
  never(
    "proto ah «dst 2001:db8::1»",
    "in IPv6 the protocol is the one behind the extension headers, which ah never is",
    "give dst an IPv4 address, or leave proto out",
  ),
  never(
    "src 2001:db8::1 «proto 44»",
    "in IPv6 the protocol is the one behind the extension headers, which 44 never is",
    "give src an IPv4 address, or leave proto out",
  ),
  never(
    "proto tcp «icmptype 8»",
    "tcp packets have no ICMP type",
    "leave icmptype out, or write proto icmp (for IPv6 icmp6)",
  ),
  never(
    "not proto icmp «icmptype 8»",
    "not proto icmp leaves no packet with an ICMP type",
    "leave icmptype out, or write proto icmp (for IPv6 icmp6)",
  ),
  never(
    "icmptype 8 «src 2001:db8::1»",
    "its icmptype is IPv4's and src is IPv6",
    "for IPv6 write proto icmp6",
  ),
  never(
    "icmptype 128 «dst 10.0.0.1» proto icmp6",
    "its icmptype is IPv6's and dst is IPv4",
    "for IPv4 write proto icmp",
  ),
  never(
    "proto tcp «not state { new, established, related, invalid, untracked }»",
    "{ new, established, related, … 2 more } is every state, and not leaves none",
    "leave state out",
  ),
  never(
    "«not dstport { 0:1000, 1001: }»",
    "{ 0:1000, 1001:65535 } is every port, and not leaves none",
    "leave dstport out; for packets without ports name their proto",
  ),
  never(
    "«not src { 0.0.0.0/1, 128.0.0.0/1 }» proto tcp",
    "{ 0.0.0.0/1, 128.0.0.0/1 } is every IPv4 address, and not leaves none",
    "leave src out; for IPv6 packets write src ::/0",
  ),
  never(
    "«not dst { 0.0.0.0/0, ::/0 }»",
    "{ 0.0.0.0/0, ::/0 } is every address, and not leaves none",
    "leave dst out",
  ),
  never(
    "dst 10.0.0.1 «not src { 0.0.0.0/0, 2001:db8::1 }»",
    "src is IPv6 and dst is IPv4",
    "give both addresses one family, and write the other family apart",
  ),
  never(
    "proto { esp, icmp } «dstport { 22, 25 }»",
    "{ esp, icmp } packets have no ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ),
  never(
    "src { 2001:db8::1, ::1 } «proto { ah, icmp }»",
    "none of { ah, icmp } occurs in IPv6",
    "give src an IPv4 address, or name another protocol",
  ),
  never(
    "src 10.0.0.1 «dst @six» list six { 2001:db8::1 }",
    "src is IPv4 and dst is IPv6",
    "give both addresses one family, and write the other family apart",
  ),
  never("icmptype 8 «dstport 22»", "ICMP packets have no ports", "leave out icmptype or dstport"),
];

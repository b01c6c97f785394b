/** Errors of lists, named and in braces: the text with its mark, the message, the help. */
import type { Row } from "./diagnostic-rows-words.ts";

const EMPTY = "flow f permit match src @a";

/** Named lists and lists in braces. */
export const LISTS: Row[] = [
  ["bad-state", "flow a permit match state «NEW»", '"NEW" is not a state of conntrack', "write new"],
  [
    "bad-state",
    "flow a permit match state { new, «open» }",
    '"open" is not a state of conntrack',
    "write new, established, related, invalid, untracked",
  ],
  [
    "bad-port",
    "flow a permit match dstport { 25, «99999» }",
    'there is no port "99999"',
    "ports go from 0 to 65535",
  ],
  [
    "bad-interface",
    "flow a permit match iface «@wan»",
    'an interface name cannot begin with @: "@wan"',
    "write a name such as eth0",
  ],
  [
    "bad-protocol",
    "flow a permit match proto «@mine»",
    'proto takes no named list: "@mine"',
    "write its values in braces",
  ],
  [
    "missing-value",
    "flow a permit match src «{ }»",
    "a value is missing behind src",
    "give it one, or leave src out",
  ],
  [
    "host-bits",
    "list a { 10.0.0.1, «10.1.2.3/8» }",
    '"10.1.2.3/8" has bits set behind its prefix',
    "it means the network 10.0.0.0/8: write that, or leave the prefix out for the one address",
  ],
  [
    "duplicate-value",
    "list a { 10.0.0.1, «10.0.0.1/32» }",
    '"10.0.0.1/32" means the same as "10.0.0.1" before it',
    "leave it out",
  ],
  [
    "duplicate-value",
    "flow a permit match dstport { 25, «25» }",
    '"25" stands in the list twice',
    "leave it out",
  ],
  [
    "duplicate-value",
    `${EMPTY} list a { @b, «@b» } list b { ::1 }`,
    '"@b" stands in the list twice',
    "leave it out",
  ],
  ["empty-list", `${EMPTY} list a «{ }»`, 'the list "a" is empty', "give it a value, or leave it out"],
  [
    "unknown-list",
    "flow f permit match src «@office»",
    'there is no list "office"',
    "define it: list office { ... }",
  ],
  ["unknown-list", "flow f permit match src «@»", 'there is no list ""', "define it: list NAME { ... }"],
  [
    "unknown-list",
    "flow f permit match src { 10.0.0.1, «@ofice» } list office { 10.0.0.2 }",
    'there is no list "ofice"',
    "write @office",
  ],
  [
    "unknown-list",
    "list a { 22, «@nobody» } list b { 23 }",
    'there is no list "nobody"',
    "the config has @a, @b",
  ],
  ["list-cycle", `${EMPTY} list a { «@a», 10.0.0.1 }`, 'the list "a" holds itself', "leave it out"],
  [
    "wrong-list",
    "flow f permit match dstport «@a» list a { 10.0.0.1 }",
    'the list "a" holds addresses',
    "here stand ports",
  ],
  [
    "wrong-list",
    "list a { 10.0.0.1, «@b» } list b { 22 }",
    'the list "b" holds ports',
    "here stand addresses",
  ],
  [
    "mixed-list",
    `${EMPTY} list a { 10.0.0.1, «22» }`,
    '"22" is a port in a list of addresses',
    "give the ports a list of their own",
  ],
  [
    "mixed-list",
    "list a { 22, «10.0.0.1» }",
    '"10.0.0.1" is an address in a list of ports',
    "give the addresses a list of their own",
  ],
  ["bad-port", "list a { 22, «22-25» }", '"22-25" is not a port', "write a range as 22:25"],
  ["bad-port", "list a { «022» }", 'the port "022" has a leading zero', "write 22"],
  [
    "bad-prefix",
    `${EMPTY} list a { «10.0.0.1/33x» }`,
    '"33x" is not a prefix length',
    "write 0 to 32, or a mask such as 255.255.255.0",
  ],
  [
    "duplicate-list",
    "list a { 22 } list «a» { 10.0.0.1 }",
    'a second list is called "a"',
    "give each list a name of its own",
  ],
  [
    "bad-name",
    "list «a.b» { 22 }",
    'the name "a.b" holds characters that a name cannot hold',
    "use letters, digits, - and _",
  ],
];

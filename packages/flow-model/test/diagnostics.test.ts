/** Every diagnostic that text can cause: what it says, what it advises, and what it underlines. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check, checkText, configSchema } from "../src/index.ts";
import { mark, unmark } from "./marked.ts";

type Row = [code: string, marked: string, message: string, help: string];

const CONDITION_HELP =
  "a condition has one value; then comes another condition (iface, proto, src, dst, srcport, dstport, icmptype), a rule (match, ignore) or flow";
const POLICY_HELP =
  "behind the name comes a policy (permit, deny, director NAME, table ID, skip), then rules (match, ignore)";

/** Words: unknown, misplaced, missing, and those of a later version. */
const STRUCTURE: Row[] = [
  ["unknown-word", "«Flow» a permit match", 'unknown word "Flow"', "write flow"],
  ["unknown-word", "flow a «accept» match", 'unknown word "accept"', "write permit"],
  ["unknown-word", "flow a «REJECT» match", 'unknown word "REJECT"', "write deny"],
  ["unknown-word", "flow a «permti» match", 'unknown word "permti"', "write permit"],
  ["unknown-word", "flow a permit «mtach»", 'unknown word "mtach"', "write match"],
  ["unknown-word", "flow a permit match «protocol» tcp", 'unknown word "protocol"', "write proto"],
  ["unknown-word", "flow a permit match not «--dport» 22", 'unknown word "--dport"', "write dstport"],
  ["unknown-word", "flow a permit match «port» 22", 'unknown word "port"', "write dstport or srcport"],
  [
    "unknown-word",
    "flow a permit match «any» src 10.0.0.1",
    'unknown word "any"',
    "leave out what shall hold for every packet; match alone takes them all",
  ],
  ["unknown-word", "flow my «ssh» permit match", 'unknown word "ssh"', POLICY_HELP],
  [
    "unknown-word",
    "flow a skip «nothing» match",
    'unknown word "nothing"',
    "behind skip comes an action (permit, deny, director NAME, table ID) or a rule (match, ignore)",
  ],
  [
    "unknown-word",
    "«hello» world flow a permit match",
    'unknown word "hello"',
    "write flow NAME POLICY, then its rules",
  ],
  [
    "misplaced-word",
    "«match» src 10.0.0.1",
    '"match" cannot stand here',
    "write flow NAME POLICY, then its rules",
  ],
  ["misplaced-word", "flow a permit match dstport 22 «23»", '"23" cannot stand here', CONDITION_HELP],
  [
    "misplaced-word",
    "flow a permit match dstport 22«,» 23",
    '"," cannot stand here',
    "write a rule for each value",
  ],
  [
    "misplaced-word",
    "flow a permit match proto tcp «deny»",
    '"deny" cannot stand here',
    "a policy stands once, right behind the name of its flow",
  ],
  [
    "misplaced-word",
    "flow a permit «}» match",
    '"}" cannot stand here',
    "a rule begins with match or ignore, the next flow with flow",
  ],
  [
    "unknown-word",
    "flow permit «maildirect» match",
    'unknown word "maildirect"',
    `the word behind flow is its name: this flow is called permit; ${POLICY_HELP}`,
  ],
  [
    "misplaced-word",
    "flow a permit match src «not» 10.0.0.1 dst 10.0.0.2",
    "not stands before the condition",
    "write not src 192.168.0.0/24",
  ],
  ["missing-name", "flow«»", "a name is missing behind flow", "write flow NAME POLICY, then its rules"],
  [
    "missing-name",
    "flow # which?\n«»",
    "a name is missing behind flow",
    "write flow NAME POLICY, then its rules",
  ],
  ["missing-director", "flow a director«»", "the director's name is missing", "write director NAME"],
  ["missing-table", "flow a table\n«{» }", "the routing table is missing", "write table 100, or table main"],
  [
    "missing-verb",
    "flow a permit «src» 10.0.0.1",
    "match or ignore is missing",
    "write match or ignore before the conditions",
  ],
  [
    "missing-verb",
    "flow a permit off «dst» 10.0.0.1",
    "match or ignore is missing",
    "write off match or off ignore",
  ],
  [
    "missing-verb",
    "flow match «proto» tcp",
    "match or ignore is missing",
    `the word behind flow is its name: this flow is called match; ${POLICY_HELP}`,
  ],
  [
    "missing-condition",
    "flow a permit match not «10.0.0.1»",
    "a condition is missing behind not",
    "not stands before one condition: not src 192.168.0.0/24",
  ],
  [
    "missing-value",
    "flow a permit match src\n  «dst» 10.0.0.1",
    "a value is missing behind src",
    "write src 192.168.0.0/24",
  ],
  ["missing-value", "flow a permit match dstport«»", "a value is missing behind dstport", "write dstport 22"],
  [
    "duplicate-condition",
    "flow a permit match src 10.0.0.1 proto tcp «not\n src 10.0.0.2»",
    "a second src in one rule",
    "a condition stands at most once in a rule: write a second rule",
  ],
  [
    "not-yet",
    "flow a permit match dstport «{ 25, { 110 } }» proto tcp",
    "lists in braces are not supported yet",
    "write a rule for each value",
  ],
  [
    "not-yet",
    "flow a permit match src «@office»",
    "named lists are not supported yet",
    "write a rule for each value",
  ],
  [
    "not-yet",
    "flow a permit match «state new» proto tcp",
    "state is not supported yet",
    "leave it out: rules judge every packet by itself",
  ],
  [
    "not-yet",
    "«outflow» a permit match",
    "outflows are not supported yet",
    "write flow, which judges incoming packets, or leave it out",
  ],
  [
    "not-yet",
    "«list» flow { 10.0.0.1 }",
    "named lists are not supported yet",
    "write a rule for each of its values",
  ],
  [
    "not-yet",
    "«expect» flow deny src 10.0.0.1",
    "expectations are not supported yet",
    "leave it out; as a comment it stays for later",
  ],
];

/** Names and values. */
const VALUES: Row[] = [
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

/** What flows and rules say together. */
const MEANING: Row[] = [
  [
    "duplicate-flow",
    "flow a permit match flow «a» deny match",
    'a second flow is called "a"',
    "give each flow a name of its own",
  ],
  [
    "one-family",
    "flow a permit ignore «not src 192.168.0.0/24» proto tcp",
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
const NEVER: Row[] = [
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
    "give both addresses one family, and the other family a rule of its own",
  ),
  never(
    "dst 10.0.0.1 «not src 2001:db8::1» proto tcp",
    "src is IPv6 and dst is IPv4",
    "give both addresses one family, and the other family a rule of its own",
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
  never("icmptype 8 «dstport 22»", "ICMP packets have no ports", "leave out icmptype or dstport"),
];

const rows = [...STRUCTURE, ...VALUES, ...MEANING, ...NEVER];

describe("a diagnostic of a text", () => {
  it.each(rows)("%s: %s", (code, marked, message, help) => {
    const { text, span } = unmark(marked);
    const { diagnostics } = checkText(text);
    const found = diagnostics.map((one) => [one.code, mark(text, one), one.message, one.help]);
    expect(found).toContainEqual([code, marked, message, help]);
    expect(diagnostics.find((one) => one.code === code)).toMatchObject(span);
  });

  it("comes alone: one slip costs one complaint", () => {
    for (const [, marked] of rows) {
      expect(checkText(unmark(marked).text).diagnostics, marked).toHaveLength(1);
    }
  });
});

const flow = { kind: "flow", name: "a", policy: { action: "permit" } };
const ruled = (conditions: object) => ({
  items: [{ ...flow, rules: [{ verb: "match", conditions }] }],
  comment: [],
});
const items = (...all: object[]) => ({ items: all, comment: [] });

type JsonRow = [code: string, path: string, config: object, message: string, help: string];

const LISTS = "named lists are not supported yet";
const LINES = "write one entry for each line, without control characters";
const CONTROL = "a comment holds a line end or a control character";

/** What only JSON can say wrong. */
const JSON_ROWS: JsonRow[] = [
  [
    "missing-policy",
    "/items/0/skipped",
    items({ ...flow, policy: null, skipped: false }),
    "a flow without a policy is skipped",
    "set skipped, or give it a policy",
  ],
  [
    "missing-value",
    "/items/0/rules/0/conditions/src/values",
    ruled({ src: [] }),
    "a value is missing behind src",
    "give it one, or leave src out",
  ],
  [
    "not-yet",
    "/items/0/rules/0/conditions/dstport/values/1",
    ruled({ dstport: ["22", "25"] }),
    "several values are not supported yet",
    "write a rule for each value",
  ],
  [
    "not-yet",
    "/items/0/kind",
    items({ kind: "list", name: "office", values: ["10.0.0.1"] }),
    LISTS,
    "leave it out",
  ],
  [
    "not-yet",
    "/items/0/kind",
    items({ kind: "expect", verdict: { action: "deny" } }),
    "expectations are not supported yet",
    "leave it out",
  ],
  [
    "bad-comment",
    "/items/0/comment/1",
    items({ ...flow, comment: ["fine\t", "two\nlines"] }),
    CONTROL,
    LINES,
  ],
  ["bad-comment", "/items/0/note", items({ ...flow, note: "return\r" }), CONTROL, LINES],
  ["bad-comment", "/comment/0", { items: [], comment: ["half a pair \ud800"] }, CONTROL, LINES],
  [
    "bad-address",
    "/items/0/rules/0/conditions/src/values/0",
    ruled({ src: "10.0.0.1 dst 10.0.0.2" }),
    '"10.0.0.1 dst 10.0.0.2" is not an address; names are not looked up',
    "write an address such as 192.168.0.1, 192.168.0.0/24 or 2001:db8::/32",
  ],
  [
    "bad-name",
    "/items/0/name",
    items({ ...flow, name: "" }),
    "a name is missing",
    "a name is 1 to 27 letters, digits, - and _",
  ],
  [
    "icmp-families",
    "/items/0/rules/0/conditions/icmptype",
    ruled({ proto: ["icmp", "icmp6"], icmptype: "8" }),
    "icmptype for both families",
    "types differ between the families: write a rule for icmp and one for icmp6",
  ],
  [
    "never-holds",
    "/items/0/rules/0/conditions/dstport",
    ruled({ dstport: "22", proto: "icmp" }),
    "this rule can never hold: icmp packets have no ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ],
  [
    "never-holds",
    "/items/0/rules/0/conditions/dstport",
    ruled({ dstport: "22", proto: { not: true, values: ["tcp", "udp"] } }),
    "this rule can never hold: not proto tcp leaves no protocol with ports",
    "leave dstport out, or write proto tcp, udp or sctp",
  ],
];

describe("a diagnostic of JSON", () => {
  it.each(JSON_ROWS)("%s at %s", (code, path, config, message, help) => {
    const found = check(configSchema.parse(config)).map((one) => [one.code, one.path, one.message, one.help]);
    expect(found).toContainEqual([code, path, message, help]);
  });

  it("names flow and rule, and nothing that is not there", () => {
    expect(check(configSchema.parse(ruled({ src: "nowhere" })))[0]).toMatchObject({ flow: "a", rule: 1 });
    expect(check(configSchema.parse({ items: [], comment: ["\n"] }))[0]).not.toHaveProperty("flow");
  });
});

describe("diagnostics", () => {
  it("stop at a thousand, and say how many more there are", () => {
    const { diagnostics } = checkText("flow a permit match src nowhere\n".repeat(1500));
    expect(diagnostics).toHaveLength(1001);
    // Each line but the first has two errors: the name is taken, and the address is none.
    expect(diagnostics.at(-1)).toEqual({
      code: "too-many",
      severity: "error",
      message: "1999 more errors and 0 more warnings were left out",
      help: "mend the first ones and check again",
    });
  });

  it("are errors when what was left out holds one", () => {
    const warning = (name: number) => `flow f${name} permit match src 10.0.0.1/8\n`;
    const text = Array.from({ length: 1001 }, (_, name) => warning(name)).join("");
    expect(checkText(text).diagnostics.at(-1)).toMatchObject({ code: "too-many", severity: "warning" });
    const withError = `${text}flow last permit match src nowhere`;
    expect(checkText(withError).diagnostics.at(-1)).toMatchObject({ code: "too-many", severity: "error" });
  });

  it("are sorted by place, structure and values alike", () => {
    const { diagnostics } = checkText(
      "flow a permit match src nowhere acept dst ::1 src 10.0.0.1\nflow a deny match proto",
    );
    expect(diagnostics.map(({ code }) => code)).toEqual([
      "bad-address",
      "unknown-word",
      "duplicate-condition",
      "duplicate-flow",
      "missing-value",
    ]);
  });

  it("each have a row here", () => {
    const source = join(import.meta.dirname, "../src");
    const others = ["edit.ts", "packet.ts"];
    const EMITTED = /(?:refuse\(|parseAs\(text,|complain\(|CODE =|NOT_YET =|code =|code:)\s*"([a-z-]+)"/g;
    const emitted = readdirSync(source)
      .filter((file) => !others.includes(file))
      .flatMap((file) =>
        [...readFileSync(join(source, file), "utf8").matchAll(EMITTED)].map((found) => found[1]),
      );
    const covered = [...rows, ...JSON_ROWS].map(([code]) => code);
    expect([...new Set(emitted)].sort()).toEqual([...new Set([...covered, "too-many"])].sort());
  });
});

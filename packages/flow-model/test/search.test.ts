import { expect, test } from "vitest";
import { type AskFact, type Config, flowsOf, type List, parse, parseSearch, search } from "../src/index.ts";

const TEXT = `# reach it from the office
flow ssh permit
  ignore not src 192.168.0.0/24
  match proto tcp dst 192.168.0.1 dstport 22
flow mail director maildirect
  match proto tcp dst 192.168.0.2 dstport 110
  match proto tcp dst 192.168.0.2 dstport 25 # from outside
  off match proto tcp dst 192.168.0.2 dstport 143
flow web director web
  match proto tcp dst 2001:db8::80 dstport 80:443
flow ping permit
  match proto icmp icmptype 8
  match proto icmp6 icmptype echo-request
flow uplink table 100
  match iface eth+ proto 112 src 10.0.0.0/8
flow old skip deny
  match srcport 1024:
flow alltherest deny
  match
`;

function withList(text: string, name: string, values: string[], flow: string): Config {
  const { items, comment } = parse(text).config;
  const list: List = { kind: "list", name, values, comment: [], note: "" };
  const named = parse(flow).config.items.map((item) => item);
  return { items: [list, ...items, ...named], comment };
}

const named = (value: string): Config => {
  const config = withList(
    TEXT,
    "office",
    ["172.16.0.0/12", "10.9.9.9"],
    "flow branch permit\n  match src PLACE\n",
  );
  return JSON.parse(JSON.stringify(config).replace("PLACE", value));
};

/** "mail 1 2": the flow and the rules that were found, or the flow alone. */
function found(query: string, config = parse(TEXT).config, ask?: AskFact): string[] {
  const look = search(query, config, ask);
  return flowsOf(config).flatMap((flow) => {
    const hit = look(flow);
    return hit ? [[flow.name, ...hit.rules].join(" ")] : [];
  });
}

test.each<[string, string[]]>([
  // Nothing asked: every flow, no rule marked.
  ["  ", ["ssh", "mail", "web", "ping", "uplink", "old", "alltherest"]],
  // An address: the ranges that hold it, `not` or not; a network: what lies in it too.
  ["192.168.0.1", ["ssh 1 2"]],
  ["192.168.0.0/30", ["ssh 1 2", "mail 1 2 3"]],
  ["10.1.2.3", ["uplink 1"]],
  ["2001:db8::80", ["web 1"]],
  ["2001:db8::/32", ["web 1"]],
  ["dst:192.168.0.1", ["ssh 2"]],
  ["src:192.168.0.1", ["ssh 1"]],
  // What is no address yet is text.
  ["dst:192.168.0", ["ssh 2", "mail 1 2 3"]],
  ["192.168.0.", ["ssh 1 2", "mail 1 2 3"]],
  ["src:", ["ssh 1", "uplink 1"]],
  // One rule has them all.
  ["dst:192.168.0.2 port:25", ["mail 2"]],
  ["port:110 port:25", []],
  ["port:25", ["mail 2"]],
  ["port:443", ["web 1"]],
  ["port:400:500", ["web 1"]],
  ["port:2000", ["old 1"]],
  ["dstport:2000", []],
  ["proto:6 port:22", ["ssh 2"]],
  ["proto:vrrp", ["uplink 1"]],
  ["proto:ic", ["ping 1 2"]],
  ["proto:icmp", ["ping 1"]],
  ["iface:eth0", ["uplink 1"]],
  ["iface:wlan0", []],
  ["icmp:echo-request", ["ping 1 2"]],
  ["icmp:128", ["ping 2"]],
  ["icmp:8/1", ["ping 1"]],
  // The flow as a whole.
  ["policy:deny", ["old", "alltherest"]],
  ["policy:skip", ["old"]],
  ["director:mail", ["mail"]],
  ['director:"mail"', []],
  ["director:", ["mail", "web"]],
  ["table:100", ["uplink"]],
  ["table:10", []],
  ["name:a", ["mail", "alltherest"]],
  ["out", []],
  ["in policy:table", ["uplink"]],
  ["off", ["mail 3", "old"]],
  // Words: name, policy, comments, or one rule's text.
  ["office", ["ssh"]],
  ["MAIL", ["mail"]],
  ["outside tcp", ["mail 2"]],
  ["mail 25", ["mail 2"]],
  ['"from outside"', ["mail 2"]],
  ['"office"', ["ssh"]],
  // Negated: nowhere in the flow.
  ["-proto:tcp", ["ping", "uplink", "old", "alltherest"]],
  ["policy:director -port:25", ["web"]],
  ["-policy:deny -proto:tcp", ["ping", "uplink"]],
  ["nowhere", []],
  // Not a key: a word.
  ["foo:bar", []],
  // A minus whose term is still to come asks nothing.
  ["- name:web", ["web"]],
])("%s finds %j", (query, expected) => {
  expect(found(query)).toEqual(expected);
});

test("lists are searched by their name and by what they hold", () => {
  expect(found("list:office", named("@office"))).toEqual(["branch 1"]);
  expect(found('list:"off"', named("@office"))).toEqual([]);
  expect(found("src:172.20.0.1", named("@office"))).toEqual(["branch 1"]);
  expect(found("10.9.9.9", named("@office"))).toEqual(["uplink 1", "branch 1"]);
  expect(found("src:@office", named("@office"))).toEqual(["branch 1"]);
  expect(found("list:office", named("10.0.0.1"))).toEqual([]);
});

test("facts are asked for flows and rules, in quotes they are words", () => {
  const ask: AskFact = (fact, flow, rule) =>
    (fact === "unused" && flow.name === "mail" && rule === 2) ||
    (fact === "changed" && flow.name === "ssh" && rule === null);
  const config = parse(TEXT).config;
  expect(found("unused", config, ask)).toEqual(["mail 2"]);
  expect(found("unused port:110", config, ask)).toEqual([]);
  expect(found("changed", config, ask)).toEqual(["ssh"]);
  expect(found("-changed policy:permit", config, ask)).toEqual(["ping"]);
  expect(found("warning", config, ask)).toEqual([]);
  expect(found('"changed"', config, ask)).toEqual([]);
});

test("a search is read term by term", () => {
  expect(parseSearch('-dst:10.0.0.1 fe80::1 name:"a b" in "in"')).toEqual([
    { not: true, ask: { key: "dst" }, value: "10.0.0.1", exact: false },
    { not: false, ask: { text: true }, value: "fe80::1", exact: false },
    { not: false, ask: { key: "name" }, value: "a b", exact: true },
    { not: false, ask: { word: "in" }, value: "in", exact: false },
    { not: false, ask: { text: true }, value: "in", exact: true },
  ]);
});

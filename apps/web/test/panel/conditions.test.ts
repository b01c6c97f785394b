import { type Config, flowsOf, listsOf, parse, print, type Rule } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { suggestionsFor } from "../../src/api/suggestions.ts";
import { asList, fittingKinds, listable, withCondition } from "../../src/rule/conditions.ts";
import { sentenceOf, wordsOf } from "../../src/rule/words.ts";

const config = (text: string): Config => parse(text).config;
const ruleOf = (text: string): Rule => {
  const rule = flowsOf(config(`flow x permit\n  ${text}\n`))[0]?.rules[0];
  if (!rule) throw new Error(`no rule in ${text}`);
  return rule;
};
const EMPTY = config("");
const LISTS = config(
  "list office { 10.0.0.0/8, 192.0.2.1 }\nlist mail { 25, 110 }\nflow a permit\n  match src 10.1.1.1\n  match dst 10.1.1.1\n  match src { @office, 10.2.2.2 }\n",
);

test.each([
  ["match proto icmp", "flow", ["src", "dst", "icmptype", "iface", "state"]],
  ["match proto tcp", "flow", ["src", "srcport", "dst", "dstport", "iface", "state"]],
  ["match proto esp src 10.0.0.1", "flow", ["dst", "iface", "state"]],
  ["match dstport 53", "flow", ["proto", "src", "srcport", "dst", "iface", "state"]],
  ["match proto { tcp, udp }", "outflow", ["src", "srcport", "dst", "dstport", "iface", "state"]],
  ["match proto { tcp, icmp }", "flow", ["src", "srcport", "dst", "dstport", "icmptype", "iface", "state"]],
] as const)("%s in a %s is offered what fits it", (text, kind, kinds) => {
  expect(fittingKinds(ruleOf(text), kind, EMPTY)).toEqual(kinds);
});

test("what fits is known where a rule names lists", () => {
  expect(fittingKinds(ruleOf("match proto tcp src @office"), "flow", LISTS)).toContain("dstport");
});

test.each([
  ["match proto tcp dst 192.168.0.2 dstport { 25, 110, 143 }", "tcp to 192.168.0.2 port 25, 110 or 143"],
  ["match src { @office, 10.1.1.1 }", "from @office or 10.1.1.1"],
  ["match not src { 10.0.0.0/8, 192.168.0.0/16 }", "not from 10.0.0.0/8 or 192.168.0.0/16"],
  ["match proto { tcp, udp } state { new, related }", "tcp or udp state new or related"],
  ["match proto icmp icmptype { 0, 8 }", "icmp type echo-reply or echo-request"],
  ["match src { 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4 }", "from 10.0.0.1, 10.0.0.2, 10.0.0.3 or 10.0.0.4"],
])("%s reads as %s", (text, words) => {
  expect(sentenceOf(ruleOf(text))).toBe(words);
});

test("a row says the first of many values and how many more there are", () => {
  const pieces = wordsOf(ruleOf("match dstport { 1, 2, 3, 4, 5, 6 }"));
  expect(pieces.map(({ text }) => text).join(" ")).toBe("port 1, 2 +4");
});

test("an interface is one that a packet comes in by, or leaves by", () => {
  expect(sentenceOf(ruleOf("match iface eth0"), "flow")).toBe("coming in by eth0");
  expect(sentenceOf(ruleOf("match not iface eth0"), "outflow")).toBe("not leaving by eth0");
});

test("what a field of addresses suggests: lists of addresses with their size, then what rules name most", () => {
  expect(suggestionsFor("src", [], LISTS, undefined)).toEqual([
    { value: "@office", detail: "2 values" },
    { value: "10.1.1.1", detail: "2 uses" },
    { value: "10.2.2.2", detail: "1 use" },
  ]);
  expect(suggestionsFor("dstport", [], LISTS, undefined)[0]).toEqual({
    value: "@mail",
    detail: "2 values",
  });
  expect(suggestionsFor("state", [], LISTS, undefined).map(({ value }) => value)).toEqual([
    "new",
    "established",
    "related",
    "invalid",
    "untracked",
  ]);
});

test("the values of a condition become a list that the rule names, and mean the same", () => {
  const rule = ruleOf("match proto tcp not dstport { 25, 110, 25, @web } # mail");
  expect(listable(rule)).toEqual(["dstport"]);
  const made = asList(rule, "dstport", "mailports");
  const flow = flowsOf(config("flow x permit\n"))[0];
  if (!flow) throw new Error("no flow");
  const changed: Config = { items: [made.list, { ...flow, rules: [made.rule] }], comment: [] };
  expect(print(changed)).toBe(
    "list mailports { 25, 110, @web }\n\nflow x permit\n  match proto tcp not dstport @mailports # mail\n",
  );
  expect(listsOf(changed)[0]?.values).toEqual(["25", "110", "@web"]);
});

test("a condition that goes leaves the others as they stood", () => {
  const rule = ruleOf("match proto tcp dstport 22");
  expect(withCondition(rule, "dstport", null)).toEqual(ruleOf("match proto tcp"));
});

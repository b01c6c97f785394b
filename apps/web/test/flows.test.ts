import { type Config, check, flowsOf, parse, type Rule } from "@flowmgr/flow-model";
import { ON_MANY_LINES } from "@flowmgr/flow-model/examples";
import { expect, test } from "vitest";
import { freeName } from "../src/flows/names.ts";
import { grownAbove, heightOf, lastWord, rowsOf } from "../src/flows/rows.ts";
import { policyWord, sentenceOf } from "../src/rule/words.ts";

const config = (text: string): Config => parse(text).config;
const ruleOf = (text: string): Rule => {
  const rule = flowsOf(config(`flow x permit\n  ${text}\n`))[0]?.rules[0];
  if (!rule) throw new Error(`no rule in ${text}`);
  return rule;
};

test("nothing is to be said of the five examples", () => {
  const { config: examples, diagnostics } = parse(ON_MANY_LINES);
  expect(diagnostics).toEqual([]);
  expect(check(examples)).toEqual([]);
  expect(flowsOf(examples).map(({ name }) => name)).toEqual(["ssh", "dns", "ping", "mail", "alltherest"]);
});

test.each([
  ["match proto tcp dst 192.168.0.2 dstport 25", "tcp to 192.168.0.2 port 25"],
  ["ignore not src 192.168.0.0/24", "ignore not from 192.168.0.0/24"],
  ["match proto icmp icmptype 0", "icmp type echo-reply"],
  ["match proto icmp6 icmptype 128", "icmp6 type echo-request"],
  ["match iface eth1 proto udp srcport 53", "udp source port 53 coming in by eth1"],
  ["off match", "off everything"],
])("%s reads as %s", (text, words) => {
  expect(sentenceOf(ruleOf(text))).toBe(words);
});

test("a policy is one word, a table with its name", () => {
  const [director, table] = flowsOf(config("flow a director web.1\nflow b table 100\n"));
  expect(policyWord(director?.policy ?? null)).toBe("web.1");
  expect(policyWord(table?.policy ?? null)).toBe("table 100");
});

test("removed flows stand behind the flow that they followed, without a number", () => {
  const running = config("flow a permit\nflow gone permit\nflow b deny\n");
  const draft = config("flow b deny\nflow a permit\n");
  const rows = rowsOf(draft, running, [{ name: "gone", change: "removed" }], []);
  expect(rows.map(({ flow, number, change }) => [flow.name, number, change])).toEqual([
    ["b", 1, null],
    ["a", 2, null],
    ["gone", null, "removed"],
  ]);
});

test("a renamed flow keeps the counters of its old name", () => {
  const draft = config("flow post permit\n");
  const [row] = rowsOf(
    draft,
    config("flow mail permit\n"),
    [{ name: "post", change: "changed", was: "mail" }],
    [],
  );
  expect(row?.runningName).toBe("mail");
});

test("an error of a flow is shown before its warnings", () => {
  const warning = { code: "w", severity: "warning" as const, message: "w", flow: "a" };
  const error = { code: "e", severity: "error" as const, message: "e", flow: "a" };
  const [row] = rowsOf(config("flow a permit\n"), null, [], [warning, error]);
  expect(row?.diagnostic).toBe(error);
});

test("a row has a second line for a second rule, a comment or a warning", () => {
  const heights = rowsOf(
    config(
      "flow a permit\n  match\nflow b permit\n  match proto tcp\n  match\n# why\nflow c permit\n  match\n",
    ),
    null,
    [],
    [],
  ).map((row) => heightOf(row, false));
  expect(heights).toEqual([38, 59, 59]);
});

test("what rows above the first in sight have grown is known; of other rows nothing is", () => {
  const rows = rowsOf(config("flow a permit\nflow b permit\nflow c permit\n"), null, [], []);
  const heights = (...pixels: number[]) => String.fromCharCode(...pixels);
  const before = { rows, heights: heights(38, 38, 38) };
  const now = { rows, heights: heights(59, 80, 59) };
  expect(grownAbove(before, now, 0)).toBe(0);
  expect(grownAbove(before, now, 37)).toBe(0);
  expect(grownAbove(before, now, 38)).toBe(21);
  expect(grownAbove(before, now, 80)).toBe(63);
  expect(grownAbove(now, before, 59 + 80)).toBe(-63);
  expect(grownAbove(before, { ...now, rows: rows.toReversed() }, 80)).toBe(0);
  expect(grownAbove(before, { ...now, rows: rows.slice(1) }, 80)).toBe(0);
});

test.each([
  ["flow a permit\n  match proto tcp\nflow b deny\n  match\n", "b"],
  ["flow a skip deny\n  match\nflow b permit\n  match proto tcp\n", null],
  ["flow a deny\n  ignore\n  match\n", null],
  ["flow a deny\n  off match\n", null],
  ["flow a deny\n  match proto tcp\n  match\n", "a"],
])("nothing is left after %j: %s", (text, name) => {
  expect(lastWord(config(text))?.name ?? null).toBe(name);
});

test("a free name counts on from the stem and stays within the length of names", () => {
  expect(freeName("mail", new Set())).toBe("mail");
  expect(freeName("mail", new Set(["mail", "mail-2"]))).toBe("mail-3");
  expect(freeName("mail-2", new Set(["mail-2"]))).toBe("mail-3");
  const long = "a".repeat(27);
  expect(freeName(long, new Set([long]))).toBe(`${"a".repeat(25)}-2`);
});

import type { Counters } from "@flowmgr/flow-api";
import { type Config, changes, check, type Diagnostic, type List, parse } from "@flowmgr/flow-model";
import { ON_MANY_LINES as EXAMPLES } from "@flowmgr/flow-model/examples";
import { describe, expect, test } from "vitest";
import { rowsOf, shownRules } from "../../src/flows/rows.ts";
import { factsOf, foundRows } from "../../src/flows/search.ts";
import { completionsAt } from "../../src/flows/search-completion.ts";

const read = (text: string): Config => parse(text).config;

type World = { draft: Config; running?: Config; diagnostics?: Diagnostic[]; counters?: Counters };

/** "mail 1": what the list shows for a query, with the rules that it marks. */
function found(query: string, { draft, running, diagnostics = [], counters }: World): string[] {
  const changed = running ? changes(running, draft).changes : [];
  const rows = rowsOf(draft, running ?? null, changed, diagnostics);
  const ask = factsOf({ rows, diagnostics, counters: counters ?? null });
  return foundRows(rows, query, draft, running ?? null, ask).map(({ flow, marks = [] }) =>
    [flow.name, ...marks].join(" "),
  );
}

const count = (packets: number) => ({ packets, bytes: 0, since: "2026-11-24T00:00:00Z", lastHit: null });

describe("the five examples", () => {
  const world = { draft: read(EXAMPLES) };
  test.each<[string, string[]]>([
    ["192.168.0.2", ["ssh 1", "ping 2", "mail 1 2 3"]],
    ["dst:192.168.0.2 port:25", ["mail 3"]],
    ["DENY", ["alltherest"]],
    ["udp permit", ["dns 1"]],
    ["nowhere", []],
    ["  ", ["ssh", "dns", "ping", "mail", "alltherest"]],
  ])("%s finds %j", (query, names) => {
    expect(found(query, world)).toEqual(names);
  });
});

test("a removed flow is found by what the lists of the running config hold", () => {
  const office: List = { kind: "list", name: "office", values: ["10.1.0.0/16"], comment: [], note: "" };
  const gone = read("flow gone permit\n  match src PLACE\n");
  const named: Config = JSON.parse(
    JSON.stringify({ ...gone, items: [office, ...gone.items] }).replace("PLACE", "@office"),
  );
  const draft = read("flow kept permit\n  match src 10.1.2.3\n");
  const running = { ...named, items: [...named.items, ...draft.items] };
  expect(found("10.1.2.3", { draft, running })).toEqual(["gone 1", "kept 1"]);
  expect(found("changed", { draft, running })).toEqual(["gone"]);
});

test("warnings and errors are found, those of a rule with the rule", () => {
  const draft = read(
    "flow a permit\n  match\n  match dst 10.0.0.1/8\nflow b permit\n  match dst 10.0.0.300\n",
  );
  const diagnostics = check(draft);
  expect(found("warning", { draft, diagnostics })).toEqual(["a 2"]);
  expect(found("error", { draft, diagnostics })).toEqual(["b 1"]);
  expect(found("-error", { draft, diagnostics })).toEqual(["a"]);
});

test("unused: no packet since counting, and only where it is known", () => {
  const running = read(
    "flow a permit\n  match proto tcp\n  match\nflow b permit\n  match\nflow c permit\n  match\n",
  );
  const draft = read(
    "flow a permit\n  match proto tcp\n  match\nflow renamed permit\n  match\nflow c permit\n  match\nflow d deny\n  match\n",
  );
  const counters: Counters = {
    at: "2026-11-24T00:00:02Z",
    flows: [
      {
        ...count(7),
        name: "a",
        rules: [
          { ...count(0), rule: 1 },
          { ...count(7), rule: 2 },
        ],
      },
      { ...count(0), name: "b", rules: [{ ...count(0), rule: 1 }] },
      { ...count(3), name: "c", rules: [{ ...count(3), rule: 1 }] },
    ],
  };
  expect(found("unused", { draft, running, counters })).toEqual(["a 1", "renamed"]);
  expect(found("unused", { draft, running })).toEqual([]);
});

test("a row shows the rules that were found before its first ones", () => {
  const draft = read(
    "flow a permit\n  match proto tcp\n  match proto udp\n  match proto esp\n  match proto gre\n",
  );
  const [row] = rowsOf(draft, null, [], []);
  if (!row) throw new Error("no row");
  const numbers = (marks: number[], most: number) =>
    shownRules({ ...row, marks }, most).map(({ number }) => number);
  expect(numbers([], 2)).toEqual([1, 2]);
  expect(numbers([4], 2)).toEqual([1, 4]);
  expect(numbers([3, 4], 1)).toEqual([3]);
});

describe("completion", () => {
  const config = read("flow a director web\nflow b table 100\n");
  const offered = (query: string, caret = query.length) =>
    completionsAt(query, caret, config, ["eth0", "eth1"]).options.map(({ value }) => value);

  test.each<[string, string[]]>([
    ["ds", ["dst:", "dstport:"]],
    ["-ds", ["-dst:", "-dstport:"]],
    ["tcp un", ["unused"]],
    ["iface:", ["iface:eth0", "iface:eth1"]],
    ["iface:eth1", []],
    ["director:", ["director:web"]],
    ["table:", ["table:100"]],
    ["policy:de", ["policy:deny"]],
    ["dst:", []],
    ["nothing-like-it", []],
  ])("at the end of %j: %j", (query, values) => {
    expect(offered(query)).toEqual(values);
  });

  test("an empty field lists them all", () => {
    expect(offered("")).toContain("icmp:");
    expect(offered("")).toContain("warning");
  });

  test("takes the place of the term at the caret alone", () => {
    const { from, to } = completionsAt("tcp ds name:x", 6, config, []);
    expect([from, to]).toEqual([4, 6]);
  });
});

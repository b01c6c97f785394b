import type { KernelChain } from "@flowmgr/flow-api";
import { describe, expect, test } from "vitest";
import { partsOf, rowOfChain, rowsOf, shortCount } from "../../src/kernel/rows.ts";

const rule = (text: string, flow: string | null = null) => ({ text, packets: 0, bytes: 0, flow, rule: null });
const CHAINS: KernelChain[] = [
  { name: "FLOWS", kind: "main", flow: null, rules: [rule("-j @ssh"), rule("-d 192.0.2.2/32 -j @mail")] },
  {
    name: "@ssh",
    kind: "flow",
    flow: "ssh",
    rules: [rule("-p tcp -m tcp --dport 22 -j ACCEPT", "ssh"), rule("-j RETURN", "ssh")],
  },
  { name: "OUTFLOWS", kind: "main", flow: null, rules: [] },
];

const drawn = (search: string) =>
  rowsOf({ chains: CHAINS }, search).map((row) =>
    row.kind === "chain" ? row.chain.name : `  ${row.rule.text}`,
  );

describe("chains as rows", () => {
  test("without words all of them, a chain without rules too", () => {
    expect(drawn(" ")).toEqual([
      "FLOWS",
      "  -j @ssh",
      "  -d 192.0.2.2/32 -j @mail",
      "@ssh",
      "  -p tcp -m tcp --dport 22 -j ACCEPT",
      "  -j RETURN",
      "OUTFLOWS",
    ]);
  });

  test("words find rules with their chain; all of them have to hold", () => {
    expect(drawn("accept 22")).toEqual(["@ssh", "  -p tcp -m tcp --dport 22 -j ACCEPT"]);
    expect(drawn("accept 23")).toEqual([]);
  });

  test("a chain's name finds the whole chain, and a word more only the rules in it that hold that", () => {
    expect(drawn("OUTFLOWS")).toEqual(["OUTFLOWS"]);
    expect(drawn("@ssh return")).toEqual(["@ssh", "  -j RETURN"]);
  });

  test("the head of a chain knows how many of its rules are shown", () => {
    expect(rowsOf({ chains: CHAINS }, "accept")[0]).toMatchObject({ kind: "chain", shown: 1 });
  });

  test("a rule that asks for sets names their lists, and is found by them", () => {
    const asks = rule(
      "-m set ! --match-set flowmgr-4-01 src -m set --match-set flowmgr-4-02 dst -j DROP",
      "x",
    );
    const chains: KernelChain[] = [{ name: "@x", kind: "flow", flow: "x", rules: [rule("-j RETURN"), asks] }];
    const sets = [
      { name: "flowmgr-4-01", networks: 9, lists: ["bad", "worse"] },
      { name: "flowmgr-4-02", networks: 9, lists: ["office"] },
    ];
    expect(rowsOf({ chains, sets }, "")).toMatchObject([
      {},
      { kind: "rule", lists: [] },
      { kind: "rule", lists: ["bad", "worse", "office"] },
    ]);
    expect(rowsOf({ chains, sets }, "@worse")).toMatchObject([{ shown: 1 }, { rule: asks }]);
    expect(rowsOf({ chains, sets }, "@nobody")).toEqual([]);
  });

  test("a chain is found by its whole name", () => {
    expect(rowOfChain(rowsOf({ chains: CHAINS }, ""), "@ssh")).toBe(3);
    expect(rowOfChain(rowsOf({ chains: CHAINS }, ""), "@ss")).toBe(-1);
  });
});

describe("a rule's target and its other words", () => {
  test.each([
    ["-d 192.0.2.1/32 -j ACCEPT", "ACCEPT", "-d 192.0.2.1/32"],
    ["-p tcp -j MARK --set-xmark 0x100/0xff00", "MARK", "-p tcp --set-xmark 0x100/0xff00"],
    ["-i eth0 -g @@0123456789abcdef", "@@0123456789abcdef", "-i eth0 [goto]"],
    ['-m comment --comment "a -j b" -j DROP', "DROP", '-m comment --comment "a -j b"'],
    ["-m socket -m comment --comment flowmgr", "", "-m socket -m comment --comment flowmgr"],
  ])("%s", (text, target, words) => {
    expect(partsOf(text)).toEqual({ target, words });
  });
});

// What `iptables -L -v` of 1.8.9 prints for counters that were set by iptables-restore -c.
test.each([
  [0, "0"],
  [99_999, "99999"],
  [100_000, "100K"],
  [9_999_499, "9999K"],
  [9_999_500, "10M"],
  [123_456_789, "123M"],
  [9_999_500_000, "10G"],
])("%d is said as %s", (count, words) => {
  expect(shortCount(count)).toBe(words);
});

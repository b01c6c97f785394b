import type { Expectation } from "@flowmgr/flow-api";
import { parse } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { judgedNow } from "../../src/expectations/judged.ts";
import { rowsOf, summaryOf } from "../../src/expectations/rows.ts";

const CONFIG = parse(`flow ssh permit
  match proto tcp dst 192.168.0.1 dstport 22
# Only we reach ssh.
expect deny not src 192.168.0.0/24 dst 192.168.0.1 dstport 22
expect outflow undecided # nothing of ours is judged
`).config;

const judged = (text: string, status: Expectation["status"]): Expectation => ({
  path: "/items/9",
  text,
  status,
  counterexample: null,
});
const [DENY, OUT] = [
  "expect deny not src 192.168.0.0/24 dst 192.168.0.1 dstport 22",
  "expect outflow undecided",
];

test("each expectation has its judgement, found by what it says", () => {
  const rows = rowsOf(CONFIG, [judged(OUT, "holds"), judged(DENY, "fails")]);
  expect(rows.map(({ key, judged }) => [key, judged?.status])).toEqual([
    [DENY, "fails"],
    [OUT, "holds"],
  ]);
  expect(rowsOf(CONFIG, []).map((row) => row.judged)).toEqual([null, null]);
});

test.each<[Expectation["status"][], string]>([
  [["fails", "holds"], "1 of 2 fails: an apply is refused until all hold."],
  [["fails", "fails"], "2 of 2 fail: an apply is refused until all hold."],
  [["holds", "open"], "1 of 2 could not be proven in time: an apply is refused."],
  [["holds", "holds"], "All 2 hold, for every packet."],
  [["holds"], ""],
])("judged %j: %s", (found, said) => {
  const all = found.map((status, index) => judged([DENY, OUT][index] ?? "", status));
  expect(summaryOf(rowsOf(CONFIG, all))).toBe(said);
});

test("one that is being written is judged at once, with a packet that refutes it", () => {
  const machine = { spared: { loopback: true, neighbours: true }, tables: [] };
  const [deny, out] = CONFIG.items.filter((item) => item.kind === "expect");
  expect(deny && judgedNow(deny, CONFIG, machine)).toMatchObject({
    status: "fails",
    decision: { verdict: { action: "permit" }, flow: "ssh", rule: 1 },
  });
  expect(out && judgedNow(out, CONFIG, machine)).toMatchObject({ status: "holds" });
});

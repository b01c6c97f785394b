import { expect, test } from "vitest";
import { grouped } from "../../src/review/groups.ts";

const empty = (table: number, flow: string) => ({
  code: "empty-table",
  severity: "warning" as const,
  message: `the routing table ${table} is empty`,
  help: "add a route",
  flow,
});

test("what is said of many flows is one sentence, in the order of the first of each", () => {
  const [a, b, c] = [empty(100, "a"), empty(200, "b"), empty(100, "c")];
  expect(grouped([a, b, c])).toEqual([
    { first: a, others: 1 },
    { first: b, others: 0 },
  ]);
});

test("what has a packet of its own, or is said of no flow, stands alone", () => {
  const packet = "tcp 192.0.2.1:1 -> 192.0.2.2:2 in eth0";
  const sent = { ...empty(100, "a"), packet };
  const { flow: _, ...ofAll } = empty(100, "");
  expect(grouped([sent, sent, ofAll, ofAll]).map(({ others }) => others)).toEqual([0, 0, 0, 0]);
});

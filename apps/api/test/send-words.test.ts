/** What is said of a packet that was sent. */
import { expect, test } from "vitest";
import { sentSentence } from "../src/config/send-words.ts";

const rules = (count: number) => Array.from({ length: count }, (_, at) => ({ flow: `f${at + 1}`, rule: 1 }));

function told(count: number, expected: number, apart: Parameters<typeof sentSentence>[2] = null): string {
  const sent = {
    packet: { direction: "in" as const, iface: "tun0", proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2" },
    arrived: true,
    counters: rules(count),
    agrees: count === expected,
  };
  return sentSentence(sent, rules(expected), apart);
}

test("a packet that went past a thousand rules is told in one line", () => {
  expect(told(4, 4)).toMatch(
    /^It was counted by f1, rule 1, then f2, rule 1, then f3, rule 1, then f4, rule 1, as the tester says\. /,
  );
  expect(told(1000, 1000)).toMatch(
    /^It was counted by f1, rule 1, then f2, rule 1, then 996 more, then f999, rule 1, then f1000, rule 1, as /,
  );
});

test("where it differs both are told, and where it was sent", () => {
  expect(told(0, 1)).toBe(
    "It was counted by no rule, and the tester says f1, rule 1. It was sent in the namespace itself.",
  );
  expect(told(1, 1, "interface")).toContain("tun0 is no interface that flowmgr made.");
});

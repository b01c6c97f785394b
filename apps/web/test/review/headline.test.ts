import { describe, expect, test } from "vitest";
import { headlineOf } from "../../src/review/headline.ts";

const FLOWS = "1 flow added, 1 switched off; nothing else changes";
const packets = (total: number, status: "complete" | "partial" = "complete") => ({
  status,
  total,
  changes: [],
});

describe("the headline", () => {
  test.each([
    [FLOWS, undefined, "1 flow added, 1 switched off; nothing else changes."],
    [FLOWS, packets(0), "1 flow added, 1 switched off; no packet is treated differently."],
    [
      FLOWS,
      packets(1),
      "1 flow added, 1 switched off; 1 kind of packets is treated differently; nothing else changes.",
    ],
    [
      FLOWS,
      packets(2, "partial"),
      "1 flow added, 1 switched off; at least 2 kinds of packets are treated differently; not all packets were looked at in time.",
    ],
    [FLOWS, packets(0, "partial"), "1 flow added, 1 switched off; not all packets were looked at in time."],
    ["no changes", packets(0), "No changes."],
    ["director web gets mark 0x700, was 0x100", packets(0), "Director web gets mark 0x700, was 0x100."],
    ["", packets(0), "Nothing changes."],
  ])("%s with %j", (headline, found, said) => {
    expect(headlineOf({ headline, ...(found ? { packets: found } : {}) })).toBe(said);
  });
});

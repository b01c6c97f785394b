import { expect, test } from "vitest";
import { byAge, readSide } from "../../src/history/sides.ts";

test.each([
  ["draft", "draft"],
  [" Running ", "running"],
  ["in force", "running"],
  ["12", 12],
  ["#12", 12],
  ["revision 12", 12],
  ["yesterday", null],
  ["12a", null],
  ["", null],
])("%j names %j", (text, side) => {
  expect(readSide(text)).toBe(side);
});

test("a comparison goes from the older to the newer, the draft being the newest", () => {
  expect(byAge(12, 11)).toEqual({ from: 11, to: 12 });
  expect(byAge(11, 12)).toEqual({ from: 11, to: 12 });
  expect(byAge(12, "draft")).toEqual({ from: 12, to: "draft" });
});

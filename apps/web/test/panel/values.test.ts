import { expect, test } from "vitest";
import {
  atRest,
  type Entry,
  holdsSeveral,
  placeOf,
  reopened,
  splitValues,
  taken,
  typed,
  valuesOf,
} from "../../src/ui/values.ts";

const entry = (chips: string[], text = "", at: number | null = null): Entry => ({ chips, text, at });

test.each([
  ["25, 110 143", ["25", "110", "143"]],
  ["10.0.0.1\n10.0.0.2\r\n\n10.0.0.3\n", ["10.0.0.1", "10.0.0.2", "10.0.0.3"]],
  ["{ 25, 110, 1000:2000 }", ["25", "110", "1000:2000"]],
  ["@office;10.1.1.1", ["@office", "10.1.1.1"]],
  ["10.0.0.1 # the printer, gone\n10.0.0.2", ["10.0.0.1", "10.0.0.2"]],
  [" , ", []],
])("%j holds %j", (text, values) => {
  expect(splitValues(text)).toEqual(values);
});

test.each([
  ["25", false],
  [" 25 ", false],
  ["25,110", true],
  ["25\n110", true],
])("%j holds several: %s", (text, several) => {
  expect(holdsSeveral(text)).toBe(several);
});

test("one value rests as text, a reference and several as chips", () => {
  expect(atRest(["25"])).toEqual(entry([], "25"));
  expect(atRest([""])).toEqual(entry([]));
  expect(atRest(["@office"])).toEqual(entry(["@office"]));
  expect(atRest(["25", "110"])).toEqual(entry(["25", "110"]));
});

test.each([
  [entry([], "25"), "25,", entry(["25"])],
  [entry(["25"]), "110 ", entry(["25", "110"])],
  [entry(["25"]), "110 14", entry(["25", "110"], "14")],
  [entry(["25"]), "11", entry(["25"], "11")],
  [entry(["25"]), " ", entry(["25"])],
])("%j, then %j", (before, text, after) => {
  expect(typed(before, text)).toEqual({ entry: after, twice: [] });
});

test("a value that stands there already is named and not added again", () => {
  expect(taken(entry(["25", "110"], "143, 25 143"))).toEqual({
    entry: entry(["25", "110", "143"]),
    twice: ["25", "143"],
  });
});

test("a chip that is changed keeps its place", () => {
  const open = reopened(entry(["25", "110", "143"]), 1);
  expect(open).toEqual(entry(["25", "143"], "110", 1));
  expect(valuesOf({ ...open, text: "111" })).toEqual(["25", "111", "143"]);
  expect(placeOf(open, 0)).toBe(0);
  expect(placeOf(open, 1)).toBe(2);
  expect(taken({ ...open, text: "111" }).entry).toEqual(entry(["25", "111", "143"]));
});

test("what was being typed counts before another chip is opened", () => {
  expect(reopened(entry(["25", "143"], "110"), 0)).toEqual(entry(["143", "110"], "25", 0));
});

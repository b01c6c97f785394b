import { expect, test } from "vitest";
import { everything, extended, NOTHING, toggled } from "../../src/flows/select.ts";

const ORDER = ["a", "b", "c", "d", "e"];
const names = ({ names: selected }: { names: ReadonlySet<string> }) => [...selected].sort().join("");

test("one flow in, another in, the first out", () => {
  const two = toggled(toggled(NOTHING, "a"), "c");
  expect(names(two)).toBe("ac");
  expect(names(toggled(two, "a"))).toBe("c");
});

test("a range goes from where the last one began, grows and shrinks", () => {
  const start = toggled(NOTHING, "b");
  const grown = extended(start, ORDER, "e", null);
  expect(names(grown)).toBe("bcde");
  expect(names(extended(grown, ORDER, "c", null))).toBe("bc");
  expect(names(extended(grown, ORDER, "a", null))).toBe("ab");
});

test("a range keeps what was selected before it", () => {
  const apart = toggled(toggled(NOTHING, "a"), "d");
  expect(names(extended(apart, ORDER, "e", null))).toBe("ade");
});

test("a range without a beginning begins at the flow that has the focus", () => {
  expect(names(extended(NOTHING, ORDER, "c", "b"))).toBe("bc");
  expect(names(extended(NOTHING, ORDER, "c", null))).toBe("c");
  // The beginning is not among what the search shows any more.
  expect(names(extended(toggled(NOTHING, "gone"), ORDER, "c", "b"))).toBe("bcgone");
});

test("everything is what the list shows", () => {
  expect(names(everything(ORDER))).toBe("abcde");
});

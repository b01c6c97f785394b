import { expect, test } from "vitest";
import { type Destination, entriesOf } from "../../src/palette/entries.ts";
import type { Action } from "../../src/ui/actions.ts";

const action = (label: string, group = "Flows", disabled: string | null = null): Action => {
  return { id: `${group} ${label}`, label, group, disabled, run: () => undefined };
};
const ACTIONS = [
  action("New flow"),
  action("New from template…"),
  action("Move up", "mail"),
  action("Move down", "mail", "It is the last flow."),
  action("Review and apply", "Draft"),
  action("Theme: dark", "Theme"),
  action("History", "Go to"),
];
const go = ({ name, kind }: Destination) => action(name, `Go to ${kind}`);
const labels = (typed: string, recent: string[] = [], destinations: Destination[] = []) =>
  entriesOf(typed, ACTIONS, destinations, recent, go).map(({ label }) => label);

test("nothing typed: what was used lately first, then the rest in order, what cannot be done last", () => {
  expect(labels("", ["Theme Theme: dark", "gone"])).toEqual([
    "Theme: dark",
    "New flow",
    "New from template…",
    "Move up",
    "Review and apply",
    "History",
    "Move down",
  ]);
});

test.each([
  ["rev", "Review and apply"],
  ["nft", "New from template…"],
  ["dark", "Theme: dark"],
  ["go to hi", "History"],
  ["mail up", "Move up"],
  ["APPLY", "Review and apply"],
])("%s finds %s first", (typed, first) => {
  expect(labels(typed)[0]).toBe(first);
});

test("what cannot be done is listed with its reason, behind what can", () => {
  const found = entriesOf("move", ACTIONS, [], [], go);
  expect(found.map(({ label, disabled }) => [label, disabled])).toEqual([
    ["Move up", null],
    ["Move down", "It is the last flow."],
  ]);
});

test("a flow's own name comes before longer ones that hold it, and what was used lately before an equal", () => {
  const flows = ["webmail", "mail-2", "mail"].map((name): Destination => ({ name, kind: "flow" }));
  expect(labels("mail", [], flows).slice(0, 2)).toEqual(["mail", "mail-2"]);
  expect(labels("move", ["mail Move down"])[0]).toBe("Move down");
  expect(labels("xyzzy", [], flows)).toEqual([]);
});

test("among ten thousand flows no more are made entries than are shown", () => {
  const flows = Array.from(
    { length: 10_000 },
    (_, index): Destination => ({ name: `flow-${index}`, kind: "flow" }),
  );
  let made = 0;
  const found = entriesOf("flow-77", [], flows, [], (to) => {
    made += 1;
    return go(to);
  });
  expect(found[0]?.label).toBe("flow-77");
  expect(made).toBe(50);
});

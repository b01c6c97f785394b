import { type Config, type Edit, editAll, flowsOf, type Item, parse } from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  duplicateEdits,
  type Gap,
  moveEdits,
  namesText,
  stepGap,
  switchEdits,
} from "../../src/flows/bulk.ts";

const ORDER = ["a", "b", "c", "d", "e"];

const LIST: Item = { kind: "list", name: "x", values: ["10.0.0.1"], comment: [], note: "" };
const SECOND: Item = { kind: "list", name: "y", values: ["10.0.0.1"], comment: [], note: "" };

function configOf(order: readonly string[]): Config {
  const flows = parse(order.map((name) => `flow ${name} permit\n`).join("")).config.items;
  // Lists stand among the flows and have places too.
  return { items: [LIST, ...flows.slice(0, 2), SECOND, ...flows.slice(2)], comment: [] };
}

/** The order that the edits leave. */
function orderAfter(edits: Edit[], order: readonly string[] = ORDER): string {
  const result = editAll(configOf(order), edits);
  if ("error" in result) throw new Error(result.error.message);
  return flowsOf(result.config)
    .map(({ name }) => name)
    .join("");
}

describe("moving", () => {
  test.each<[string, Gap, string]>([
    ["b", "top", "bacde"],
    ["bd", "top", "bdace"],
    ["bd", "end", "acebd"],
    ["db", { before: "a" }, "bdace"],
    ["ae", { before: "c" }, "baecd"],
    ["ae", { after: "c" }, "bcaed"],
    ["c", { after: "e" }, "abdec"],
    // Beside a flow that moves itself: where it stands.
    ["bd", { before: "d" }, "acbde"],
    ["bc", { after: "b" }, "abcde"],
  ])("%s to %j leaves %s", (moved, gap, order) => {
    expect(orderAfter(moveEdits(new Set(moved), ORDER, gap))).toBe(order);
  });

  test("nothing is edited when they stand there", () => {
    expect(moveEdits(new Set("ab"), ORDER, "top")).toEqual([]);
    expect(moveEdits(new Set("b"), ORDER, { before: "c" })).toEqual([]);
    expect(moveEdits(new Set(ORDER), ORDER, "end")).toEqual([]);
  });

  test("keeps every flow, the order of those that stay and of those that move", () => {
    const subset = fc.uniqueArray(fc.constantFrom(...ORDER));
    const gap = fc.oneof(
      fc.constant<Gap>("top"),
      fc.constant<Gap>("end"),
      fc.constantFrom(...ORDER).map((before): Gap => ({ before })),
      fc.constantFrom(...ORDER).map((one): Gap => ({ after: one })),
    );
    fc.assert(
      fc.property(subset, gap, (names, where) => {
        const moved = new Set(names);
        const order = [...orderAfter(moveEdits(moved, ORDER, where))];
        expect(order.filter((name) => !moved.has(name))).toEqual(ORDER.filter((name) => !moved.has(name)));
        expect(order.filter((name) => moved.has(name))).toEqual(ORDER.filter((name) => moved.has(name)));
        const first = order.findIndex((name) => moved.has(name));
        if (moved.size > 0)
          expect(order.slice(first, first + moved.size).every((name) => moved.has(name))).toBe(true);
      }),
    );
  });

  test.each<[string, -1 | 1, string | null]>([
    ["c", -1, "acbde"],
    ["c", 1, "abdce"],
    ["bd", 1, "acebd"],
    ["bd", -1, "bdace"],
    ["ab", -1, null],
    ["de", 1, null],
  ])("%s one step %d leaves %s", (names, by, order) => {
    const gap = stepGap(new Set(names), ORDER, by);
    expect(gap && orderAfter(moveEdits(new Set(names), ORDER, gap))).toBe(order);
  });
});

test("only those are switched that are not so yet", () => {
  const flows = flowsOf(parse("flow a permit\nflow b skip permit\n").config);
  expect(switchEdits(flows, true)).toEqual([{ do: "switch", name: "b", on: true }]);
  expect(switchEdits(flows, false)).toEqual([{ do: "switch", name: "a", on: false }]);
});

test("copies stand behind their originals under free names", () => {
  const { edits, names } = duplicateEdits(flowsOf(configOf(["a", "b", "a-2"])).slice(0, 2), [
    "a",
    "b",
    "a-2",
  ]);
  expect(names).toEqual(["a-3", "b-2"]);
  expect(orderAfter(edits, ["a", "b", "a-2"])).toBe("aa-3bb-2a-2");
});

test.each([
  [["a"], "a"],
  [["a", "b"], "a and b"],
  [["a", "b", "c"], "a, b and c"],
  [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
])("%j reads as %s", (names, text) => {
  expect(namesText(names)).toBe(text);
});

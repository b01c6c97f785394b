import { type Diagnostic, edit, parse } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { anchored } from "../../src/analysis/anchored.ts";

const { config } = parse(
  "flow a permit match dst 10.0.0.1 match dst 10.0.0.2\nlist l { 10.0.0.0/8 }\nflow b deny match\n",
);
const of = (path: string, flow?: string, rule?: number): Diagnostic => ({
  code: "x",
  severity: "warning",
  message: "m",
  path,
  ...(flow ? { flow } : {}),
  ...(rule ? { rule } : {}),
});
const FOUND = [of("/items/0/rules/1", "a", 2), of("/items/1"), of("/items/2/rules/0", "b", 1)];

function pathsAfter(...edits: Parameters<typeof edit>[1][]) {
  let now = config;
  for (const one of edits) {
    const edited = edit(now, one);
    if ("config" in edited) now = edited.config;
  }
  return anchored(FOUND, now, config).map(({ path }) => path);
}

describe("what was found before an edit", () => {
  test("moves with its flow and its item", () => {
    expect(pathsAfter({ do: "move", name: "b", before: "a" })).toEqual([
      "/items/1/rules/1",
      "/items/2",
      "/items/0/rules/0",
    ]);
  });

  test("goes with its rule, its flow, its item", () => {
    expect(pathsAfter({ do: "remove-rule", flow: "a", number: 1 })).toEqual(["/items/1", "/items/2/rules/0"]);
    expect(pathsAfter({ do: "remove", name: "@l" }, { do: "remove", name: "a" })).toEqual([
      "/items/0/rules/0",
    ]);
  });

  test("is the very same of the very same config", () => {
    expect(anchored(FOUND, config, config)).toBe(FOUND);
  });
});

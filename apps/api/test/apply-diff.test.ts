/** Unified diffs that any patch program takes, also when there is no time to look for the smallest. */
import { applyPatch } from "diff";
import fc from "fast-check";
import { expect, test } from "vitest";
import { unifiedDiff } from "../src/apply/unified-diff.ts";

const text = fc
  .array(fc.constantFrom("flow a", "flow b", "  match", "", "# c"), { maxLength: 30 })
  .map((lines) => lines.map((line) => `${line}\n`).join(""));

test.each([
  ["the smallest", 1_000],
  ["in one hunk, out of time", -1],
])("a diff leads from one text to the other: %s", (_, searchMs) => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const patch = unifiedDiff({ name: "a", text: before }, { name: "b", text: after }, searchMs);
      if (before === after) expect(patch).toBe("");
      else expect(applyPatch(before, patch)).toBe(after);
    }),
  );
});

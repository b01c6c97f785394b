import { expect, test } from "vitest";
import { saysTheSame } from "../src/sharing.ts";

test("a key that is there without a value is not another key that is missing", () => {
  expect(saysTheSame({ off: undefined }, { skipped: undefined })).toBe(false);
  expect(saysTheSame({ off: undefined }, { skipped: true })).toBe(false);
  expect(saysTheSame({ off: true, tags: ["a"] }, { tags: ["a"], off: true })).toBe(true);
});

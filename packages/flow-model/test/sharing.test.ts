import { expect, test } from "vitest";
import { check } from "../src/check.ts";
import { parse } from "../src/parser.ts";
import { saysTheSame, sharing } from "../src/sharing.ts";

test("a key that is there without a value is not another key that is missing", () => {
  expect(saysTheSame({ off: undefined }, { skipped: undefined })).toBe(false);
  expect(saysTheSame({ off: undefined }, { skipped: true })).toBe(false);
  expect(saysTheSame({ off: true, tags: ["a"] }, { tags: ["a"], off: true })).toBe(true);
});

test("a list that is there twice is a mistake, also beside a config that has it once", () => {
  const known = parse("list office { 10.0.0.0/8 }").config;
  const twice = parse("list office { 10.0.0.0/8 }\nlist office { 10.0.0.0/8 }").config;
  const shared = sharing(known, twice);
  expect(shared.items[0]).toBe(known.items[0]);
  expect(check(shared)).toMatchObject([{ code: "duplicate-list", path: "/items/1/name" }]);
});

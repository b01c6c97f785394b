/** What somebody reads whose JSON has not the right shape. */
import { directorBodySchema } from "@flowmgr/flow-api";
import { expect, test } from "vitest";
import { z } from "zod";
import { validate } from "../src/shape.ts";

function detailOf(schema: z.ZodType, input: unknown): unknown {
  const read = validate({ schema, method: "PUT", url: "/", httpPart: "body" })(input);
  return Object(Object(read).error).detail;
}

test("a field is named once, and in our own words also within a union", () => {
  expect(detailOf(directorBodySchema, { mark: "seven" })).toBe("mark: write a mark like 0x300 or 768");
  expect(detailOf(directorBodySchema, {})).toBe("mark: missing");
  expect(detailOf(directorBodySchema, { mark: true })).toBe("mark: true or false cannot stand here");
});

test("one further in is told with its place", () => {
  const schema = z.object({ items: z.array(z.object({ on: z.boolean() })) });
  expect(detailOf(schema, { items: [{ on: 1 }] })).toBe("/items/0/on: on: a number cannot stand here");
});

/** The JSON form of edits. */
import { z } from "zod";
import { itemSchema, ruleSchema } from "./schema.ts";

/** Where an item goes: before or behind a named one, or at a position (from 1). Nothing said: at the end. */
export const placeSchema = {
  before: z.string().optional(),
  after: z.string().optional(),
  position: z.number().int().min(1).optional(),
};

/** A rule's number in its flow, from 1, rules that are off included. */
const ruleNumber = z.number().int().min(1);

export const editSchema = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("add"), item: itemSchema, ...placeSchema }),
  z.strictObject({ do: z.literal("change"), name: z.string(), item: itemSchema }),
  z.strictObject({ do: z.literal("remove"), name: z.string() }),
  z.strictObject({ do: z.literal("move"), name: z.string(), ...placeSchema }),
  z.strictObject({ do: z.literal("rename"), name: z.string(), to: z.string() }),
  z.strictObject({ do: z.literal("switch"), name: z.string(), on: z.boolean() }),
  z.strictObject({
    do: z.literal("add-rule"),
    flow: z.string(),
    rule: ruleSchema,
    position: ruleNumber.optional(),
  }),
  z.strictObject({ do: z.literal("change-rule"), flow: z.string(), number: ruleNumber, rule: ruleSchema }),
  z.strictObject({ do: z.literal("remove-rule"), flow: z.string(), number: ruleNumber }),
  z.strictObject({ do: z.literal("move-rule"), flow: z.string(), number: ruleNumber, position: ruleNumber }),
  z.strictObject({ do: z.literal("switch-rule"), flow: z.string(), number: ruleNumber, on: z.boolean() }),
]);

export type Edit = z.infer<typeof editSchema>;

/** Named lists of the draft and where they are used. */
import { CONDITION_KINDS, listSchema, placeSchema } from "@flowmgr/flow-model";
import { z } from "zod";

/** Where a list is named: in another list, in a condition of a flow's rule, counted from 1, or of an expectation (its text). */
export const listUseSchema = z.union([
  z.strictObject({ list: z.string() }),
  z.strictObject({ flow: z.string(), rule: z.number(), kind: z.enum(CONDITION_KINDS) }),
  z.strictObject({ expect: z.string(), kind: z.enum(CONDITION_KINDS) }),
]);

export const draftListSchema = listSchema.extend({
  /** Null as long as nothing in it says so. */
  holds: z.enum(["addresses", "ports"]).nullable(),
  usedBy: z.array(listUseSchema),
});
export type DraftList = z.output<typeof draftListSchema>;

export const listAddSchema = z.strictObject({ list: listSchema, ...placeSchema });
export const draftListsSchema = z.object({
  lists: z.array(draftListSchema),
  /** Name to give as `after` for the next page; null at the end. */
  next: z.string().nullable(),
});

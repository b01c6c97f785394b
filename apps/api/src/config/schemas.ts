/** Pieces of route schemas that several routes share. */
import { configSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import { count } from "../count.ts";

/** A config in a body: JSON or the flow language. */
export const CONFIG_BODY = {
  content: {
    "application/json": { schema: configSchema },
    "text/plain": { schema: z.string() },
  },
};

export const TEXT = { "text/plain": { schema: z.string() } };

/** A page of what has names, in the order of the draft. */
export const PAGE = z.strictObject({
  limit: count(1, 1000).default(100),
  after: z.string().optional().describe("Name of the last one of the page before"),
});

export const PREFER = z.object({
  prefer: z.string().optional().describe("return=minimal: the answer is the new ETag, without the config"),
});

/** Optional here although the writes want it: its absence is a 428 that says so, not a malformed request. */
export const IF_MATCH = z.object({
  "if-match": z.string().optional().describe("The draft's ETag, or * for whatever is there"),
});

export const IF_NONE_MATCH = z.object({
  "if-none-match": z.string().optional().describe("The ETag of the answer that the caller has"),
});

export const NOT_MODIFIED = { 304: z.null().describe("It is the one that If-None-Match names") };

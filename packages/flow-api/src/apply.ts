/** Apply, confirm, revert, running, counters and revisions, as they travel over REST. */
import { configDeltaSchema, configSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import { planSchema } from "./draft.ts";

/** One line for the history. It ends up in terminals and logs, where control characters are commands. */
export const messageSchema = z
  .string()
  .max(500)
  .regex(/^\P{Cc}*$/u, "write one line without control characters");

export const applyBodySchema = z.strictObject({
  etag: z.string(),
  message: messageSchema.optional(),
  /** Seconds; 0 = at once for good; default from the settings. */
  confirmWithin: z.number().int().min(0).max(86_400).optional(),
  accept: z.array(z.string()).optional(),
});

export const appliedSchema = z.object({
  revision: z.number(),
  /** reverted: what was in force before it is in force again. */
  state: z.enum(["unconfirmed", "confirmed", "reverted"]),
  deadline: z.string().optional(),
});
export type AppliedAnswer = z.output<typeof appliedSchema>;

export const revisionBodySchema = z.strictObject({ revision: z.number().int() });

export const putConfigSchema = z.union([appliedSchema.extend({ changed: z.boolean() }), planSchema]);

export const revisionSchema = z.object({
  id: z.number(),
  author: z.string(),
  message: z.string(),
  at: z.string(),
  /** reverted: by hand; expired: by time; failed: the kernel refused it. */
  outcome: z.enum(["unconfirmed", "confirmed", "reverted", "expired", "failed"]),
  running: z.boolean(),
  counts: z.object({ flows: z.number(), rules: z.number() }),
});
export type Revision = z.output<typeof revisionSchema>;
export const revisionListSchema = z.object({
  revisions: z.array(revisionSchema),
  /** Id to give as `after` for the next (older) page; null at the end. */
  next: z.number().nullable(),
});
export const revisionDetailSchema = revisionSchema.extend({ config: configSchema, text: z.string() });
export const revisionDiffSchema = z.object({
  from: z.number(),
  /** `running` is answered with its number. */
  to: z.union([z.number(), z.literal("draft")]),
  /** Unified diff of the config text, "" when it is the same. */
  text: z.string(),
  headline: z.string(),
});
export type RevisionDiff = z.output<typeof revisionDiffSchema>;

export const runningSchema = z.object({
  revision: z.number().nullable(),
  config: configSchema,
  text: z.string(),
});
export type Running = z.output<typeof runningSchema>;

/** `?against=draft`: what is in force, told by what it shares with the draft of this ETag. */
export const runningAgainstSchema = configDeltaSchema.extend({
  revision: z.number().nullable(),
  draft: z.string(),
});
export type RunningAgainst = z.output<typeof runningAgainstSchema>;

const countSchema = z.object({
  packets: z.number(),
  bytes: z.number(),
  since: z.string(),
  lastHit: z.string().nullable(),
});
export const countersSchema = z.object({
  at: z.string(),
  flows: z.array(
    countSchema.extend({
      name: z.string(),
      rules: z.array(countSchema.extend({ rule: z.number() })),
      icmpErrors: countSchema.optional(),
    }),
  ),
});
export type Counters = z.output<typeof countersSchema>;

/** The draft, its check and its plan, as they travel over REST. */
import { configSchema, editSchema, flowSchema, itemSchema, placeSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import { findingsSchema, lockoutSchema, packetChangesSchema } from "./analysis.ts";
import { diagnosticSchema } from "./problem.ts";

export const countsSchema = z.object({
  flows: z.number(),
  rules: z.number(),
  errors: z.number(),
  warnings: z.number(),
});

export const draftSchema = z.object({
  etag: z.string(),
  changedAt: z.string(),
  changedBy: z.string(),
  config: configSchema,
  counts: countsSchema,
});
export type Draft = z.output<typeof draftSchema>;

/** The answer to a write: stored, with what there is to say of it. */
export const writtenDraftSchema = draftSchema.extend({ diagnostics: z.array(diagnosticSchema) });
export type WrittenDraft = z.output<typeof writtenDraftSchema>;

/** The same for who knows what was written: `Prefer: return=minimal`. */
export const draftHeadSchema = draftSchema.pick({ etag: true, changedAt: true, changedBy: true });
export type DraftHead = z.output<typeof draftHeadSchema>;

export const flowAddSchema = z.strictObject({ flow: flowSchema, ...placeSchema });
export const flowMoveSchema = z.strictObject(placeSchema);
export const flowListSchema = z.object({
  flows: z.array(itemSchema),
  /** Name to give as `after` for the next page; null at the end. */
  next: z.string().nullable(),
});
export const editsSchema = z.strictObject({ edits: z.array(editSchema).min(1).max(10_000) });

export const checkSchema = z.object({
  diagnostics: z.array(diagnosticSchema),
  counts: countsSchema,
  /** What was found over all packets; absent where the config has errors. */
  findings: findingsSchema.optional(),
});
export type Check = z.output<typeof checkSchema>;

/** What happened to one flow between the running config and the draft. */
export const flowChangeSchema = z.object({
  name: z.string(),
  change: z.enum(["added", "removed", "changed", "moved", "switched-on", "switched-off", "commented"]),
  /** The name in the running config, when renamed. */
  was: z.string().optional(),
});
export type FlowChange = z.output<typeof flowChangeSchema>;

const familyPlanSchema = z.object({
  added: z.array(z.string()),
  removed: z.array(z.string()),
  changed: z.array(z.string()),
  /** What `iptables-restore --noflush` gets; "" when nothing changes. */
  restore: z.string(),
  ipRules: z.object({ add: z.array(z.string()), remove: z.array(z.string()) }),
  routes: z.object({ add: z.array(z.string()), remove: z.array(z.string()) }),
  /** Of networks, one line each: name and size. A set never changes: a list that does is another set. */
  sets: z.object({ add: z.array(z.string()), remove: z.array(z.string()) }),
});

export const planSchema = z.object({
  etag: z.string(),
  /** "1 flow added, 1 switched off; nothing else changes" */
  headline: z.string(),
  changes: z.array(flowChangeSchema),
  /** Who edited the draft since it was last equal to the running config, latest first. */
  authors: z.array(z.object({ name: z.string(), at: z.string() })),
  /** Unified diff of the config text, "" when it is the same. */
  text: z.string(),
  /** The packets whose verdict would be another; absent where the config has errors. */
  packets: packetChangesSchema.optional(),
  /** Who would be cut off; absent where the config has errors. */
  lockout: lockoutSchema.optional(),
  kernel: z.object({ ip: familyPlanSchema, ip6: familyPlanSchema.nullable() }),
  diagnostics: z.array(diagnosticSchema),
  /** True when an apply would be taken. */
  applicable: z.boolean(),
});
export type Plan = z.output<typeof planSchema>;

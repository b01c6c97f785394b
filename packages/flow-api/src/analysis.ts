/** What the analysis finds, over all packets, as it travels over REST. */
import { conditionsSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import { packetSchema, verdictSchema } from "./trace.ts";

/** Did the analysis come to an end? What a partial answer tells is true all the same; that nothing else is there, is not said. */
export const completenessSchema = z.enum(["complete", "partial"]);

/** A rule of a flow, from 1; null: the flow's end, which takes the ICMP errors of its director. */
export const ruleNameSchema = z.object({ flow: z.string(), rule: z.number().nullable() });
export type RuleName = z.output<typeof ruleNameSchema>;

/** One packet, as fields and as the line that the tester takes. */
export const sampleSchema = z.object({ fields: packetSchema, line: z.string() });
export type Sample = z.output<typeof sampleSchema>;

/** Packets that the conditions of one rule could describe. */
export const regionSchema = z.object({
  family: z.union([z.literal(4), z.literal(6)]),
  conditions: conditionsSchema,
  /** The conditions as a rule has them, `proto tcp dstport 22`; "" for every packet of the family. */
  text: z.string(),
  /** Interfaces that are not meant, though a pattern of `iface` takes them. */
  exceptInterfaces: z.array(z.string()),
  sample: sampleSchema,
});
export type Region = z.output<typeof regionSchema>;

/** Who gives a verdict: the first few rules in the order of the config; none where no flow decides. */
export const decidersSchema = z.object({
  verdict: verdictSchema,
  by: z.array(ruleNameSchema),
  /** How many more there are. */
  others: z.number(),
});
export type Deciders = z.output<typeof decidersSchema>;

/** Packets of one kind: who decided them, and who does, with another verdict. */
export const packetChangeSchema = z.object({
  direction: z.enum(["in", "out"]),
  was: decidersSchema,
  is: decidersSchema,
  /** "now denied by badnets, rule 2" */
  sentence: z.string(),
  /** The wide ones first, at most 20; they may overlap. */
  regions: z.array(regionSchema),
  /** Do the regions hold all packets of this kind? If not, `GET /draft/plan/packets?change=N` tells more. */
  whole: z.boolean(),
});
export type PacketChange = z.output<typeof packetChangeSchema>;

export const packetChangesSchema = z.object({
  status: completenessSchema,
  /** Those with the most packets first, at most 100. */
  changes: z.array(packetChangeSchema),
  /** How many kinds there are in all. */
  total: z.number(),
});
export type PacketChanges = z.output<typeof packetChangesSchema>;

/** Further kinds of change, or one kind with further regions of it. */
export const packetPageSchema = packetChangesSchema.extend({
  /** To give as `after` for the next page; null at the end. */
  next: z.number().nullable(),
});
export type PacketPage = z.output<typeof packetPageSchema>;

/** Packets on which somebody's way into the machine, or a service of it, hangs. */
export const guardedSchema = z.object({
  /** connection: who asks; admin: a port of ssh or of this page; replies: to what the machine opened; vrrp: keepalived. */
  what: z.enum(["connection", "admin", "replies", "vrrp"]),
  direction: z.enum(["in", "out"]),
  /** In the words of a rule. */
  text: z.string(),
  /** "your connection from 10.0.0.7 to port 8080" */
  name: z.string(),
});
export type Guarded = z.output<typeof guardedSchema>;

/** Packets of a guarded set that would be dropped, or sent elsewhere. */
export const lockoutFindingSchema = guardedSchema.extend({
  /** "your connection from 10.0.0.7 would be denied by alltherest, rule 1" */
  sentence: z.string(),
  decider: decidersSchema,
  sample: sampleSchema,
  /** Does an apply stop at it, unless `accept` names `lockout`? */
  blocks: z.boolean(),
  /** Flow text that would mend it, to stand before the decider; null where nothing short does. */
  fix: z.object({ label: z.string(), text: z.string(), before: z.string() }).nullable(),
});
export type LockoutFinding = z.output<typeof lockoutFindingSchema>;

export const lockoutSchema = z.object({
  /** `partial`: not proven in time; that blocks an apply as a finding does. */
  status: completenessSchema,
  findings: z.array(lockoutFindingSchema),
  /** All that was looked at. */
  guarded: z.array(guardedSchema),
  /** What could not be looked at, and why: sentences for people. */
  notes: z.array(z.string()),
});
export type Lockout = z.output<typeof lockoutSchema>;

/** What became of one `expect` of the config. */
export const expectationSchema = z.object({
  /** JSON pointer of the item. */
  path: z.string(),
  /** Canonical text, one line. */
  text: z.string(),
  /** open: neither proven nor refuted in time; that blocks an apply as a failure does. */
  status: z.enum(["holds", "fails", "open"]),
  /** A packet of it with another verdict, and who gives that; null unless it fails. */
  counterexample: z
    .object({ sample: sampleSchema, verdict: verdictSchema, by: ruleNameSchema.nullable() })
    .nullable(),
});
export type Expectation = z.output<typeof expectationSchema>;

/** What `check` says beyond diagnostics: each finding is a diagnostic too, with its place. */
export const findingsSchema = z.object({
  status: completenessSchema,
  /** Rules that are neither proven dead nor seen to act. */
  open: z.array(ruleNameSchema),
  expectations: z.array(expectationSchema),
});
export type Findings = z.output<typeof findingsSchema>;

/** A verdict to look for: what it hands packets to may be left out, and belongs to no other action. */
const soughtSchema = z
  .strictObject({
    action: z.enum(["permit", "deny", "director", "table", "undecided"]),
    /** With action director only; without it any director's. */
    director: z.string().optional(),
    /** With action table only; without it any table's. */
    table: z.number().optional(),
  })
  .superRefine((sought, refused) => {
    for (const field of ["director", "table"] as const) {
      if (sought[field] === undefined || sought.action === field) continue;
      const message = `action ${sought.action} has no ${field}: leave it out, or write action ${field}`;
      refused.addIssue({ code: "custom", path: [field], message });
    }
  });

export const searchBodySchema = z.strictObject({
  direction: z.enum(["in", "out"]).default("in"),
  /** As in a rule; what the language spares is meant only where they name it. */
  conditions: conditionsSchema.default({}),
  /** Only what gets this verdict. */
  verdict: soughtSchema.optional(),
  config: z.union([z.literal("draft"), z.literal("running"), z.number().int()]).optional(),
  /** A config inline; goes before `config`. */
  text: z.string().optional(),
});
export type SearchBody = z.input<typeof searchBodySchema>;

export const searchSchema = z.object({
  status: completenessSchema,
  /** How many groups there are in all. */
  total: z.number(),
  /** By who decides, the most packets first, at most 100. */
  groups: z.array(
    z.object({
      decider: decidersSchema,
      regions: z.array(regionSchema),
      whole: z.boolean(),
    }),
  ),
});
export type SearchAnswer = z.output<typeof searchSchema>;

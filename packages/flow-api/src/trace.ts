/** The tester: a packet in, every step out. */
import { CONDITION_KINDS } from "@flowmgr/flow-model";
import { z } from "zod";

export const packetSchema = z.strictObject({
  direction: z.enum(["in", "out"]).default("in"),
  iface: z.string(),
  /** Name or number. */
  proto: z.string(),
  src: z.string(),
  dst: z.string(),
  srcport: z.number().int().min(0).max(65_535).optional(),
  dstport: z.number().int().min(0).max(65_535).optional(),
  /** `8/0`, `8` or a name. */
  icmptype: z.string().optional(),
  state: z.enum(["new", "established", "related", "invalid", "untracked"]).optional(),
});
export type PacketInput = z.input<typeof packetSchema>;

export const traceBodySchema = z.strictObject({
  packet: packetSchema,
  config: z.union([z.literal("draft"), z.literal("running"), z.number().int()]).optional(),
  text: z.string().optional(),
});

export const verdictSchema = z.object({
  action: z.enum(["permit", "deny", "director", "table", "undecided"]),
  director: z.string().optional(),
  table: z.number().optional(),
});

export const traceSchema = z.object({
  verdict: verdictSchema,
  flow: z.string().nullable(),
  rule: z.number().nullable(),
  icmpErrors: z.boolean(),
  /** The packet mark that the kernel would set, `0x100`; null for none. */
  mark: z.string().nullable(),
  /** The routing table that the mark leads to; null for none. A director's is our own, in which its addresses are local. */
  route: z.object({ table: z.number(), name: z.string().nullable() }).nullable(),
  /** Says why when what the language spares kept the packet from the rules, or that its family is not judged here. */
  spared: z.string().nullable(),
  steps: z.array(
    z.object({
      flow: z.string(),
      rule: z.number().nullable(),
      holds: z.boolean(),
      /** The condition that failed first, in the grammar's order; null when the rule holds. */
      failed: z.enum(CONDITION_KINDS).nullable(),
      /** One sentence for a person. */
      why: z.string(),
    }),
  ),
});
export type Trace = z.output<typeof traceSchema>;

export const sendBodySchema = z.strictObject({ packet: packetSchema });

/** A packet of the tester that was really sent, judged by the rules in force. */
export const sentSchema = z.object({
  /** What was sent: the source port and the state that the kernel gives it filled in. */
  packet: packetSchema,
  /** The same, as the line that the tester takes. */
  line: z.string(),
  /** The revision whose rules judged it. */
  revision: z.number(),
  /** What the tester says of it. */
  foretold: traceSchema,
  /** namespace: through the target itself; copy: through an empty namespace with the same rules and interface. */
  where: z.enum(["namespace", "copy"]),
  /** Did it come as far as the flows? What it may not says `sentence`. */
  arrived: z.boolean(),
  /** Whose counter says that it decided; null: nobody's. */
  counted: z.object({ flow: z.string(), rule: z.number().nullable(), icmpErrors: z.boolean() }).nullable(),
  /** All rules whose counters grew by this packet, those with `ignore` too, in the order of the config. */
  counters: z.array(z.object({ flow: z.string(), rule: z.number().nullable() })),
  /** Did the same rules count it that the tester says, and no others? */
  agrees: z.boolean(),
  /** "Rule 2 of flow ssh counted it, as the tester says." */
  sentence: z.string(),
});
export type Sent = z.output<typeof sentSchema>;

/** The state of it all, sessions and server-sent events. */
import { editSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import { countersSchema } from "./apply.ts";
import { repairSchema } from "./kernel.ts";

export const statusSchema = z.object({
  version: z.string(),
  machine: z.string(),
  target: z.object({ kind: z.enum(["namespace", "host"]), namespace: z.string().nullable() }),
  backend: z.enum(["nft", "legacy"]),
  iptables: z.string(),
  ipv6: z.boolean(),
  spared: z.object({ loopback: z.boolean(), neighbours: z.boolean() }),
  /** Bits of the packet mark that are ours, `0xff00`. */
  markMask: z.string(),
  /** Default seconds of the confirm timer. */
  confirmWithin: z.number(),
  state: z.enum(["in-sync", "drift", "applying", "unconfirmed", "error"]),
  /** One sentence when state is drift or error. */
  detail: z.string().nullable(),
  running: z
    .object({ revision: z.number(), author: z.string(), message: z.string(), at: z.string() })
    .nullable(),
  /** `deadline` is by the server's wall clock, which may be set meanwhile; what is counted down is `secondsLeft`. */
  unconfirmed: z
    .object({ revision: z.number(), deadline: z.string(), secondsLeft: z.number(), author: z.string() })
    .nullable(),
  /** The last automatic return to the old rules, until the next apply. */
  expired: z.object({ revision: z.number(), at: z.string() }).nullable(),
  repair: z.object({
    /** Does the server put drift right without being asked? */
    byItself: z.boolean(),
    last: repairSchema.nullable(),
    /** Why it waits before it does so again, one sentence; null when it does not wait. */
    held: z.string().nullable(),
  }),
  draft: z.object({ etag: z.string(), changes: z.number(), changedBy: z.string(), changedAt: z.string() }),
  foreignBehind: z.object({ ip: z.number(), ip6: z.number() }),
  warnings: z.array(z.string()),
  /** For completion in forms and text. */
  interfaces: z.array(z.string()),
  directors: z.array(z.object({ name: z.string(), mark: z.string() })),
  tables: z.array(z.object({ name: z.string(), number: z.number() })),
  you: z.object({
    name: z.string(),
    via: z.enum(["session", "token"]),
    /** True when the connection says nothing about the admin's own network: loopback or a proxy. */
    indirect: z.boolean(),
    address: z.string(),
  }),
});
export type Status = z.output<typeof statusSchema>;

/** `POST /session`: exchange the one-time code of a sign-in link, or a token, for a cookie. */
export const sessionBodySchema = z.union([
  z.strictObject({ code: z.string() }),
  z.strictObject({ token: z.string() }),
]);
export const sessionSchema = z.object({ name: z.string(), since: z.string(), until: z.string() });

/**
 * Names and payloads of `GET /events`. `counters` comes only to those who ask with `?counters=true`, each with all flows,
 * or `?counters=changes`: the first with all, the next ones with those whose counts are others since.
 */
export const eventSchemas = {
  draft: z.object({
    etag: z.string(),
    changedBy: z.string(),
    changedAt: z.string(),
    changes: z.number(),
    /** What made it of the draft with the ETag `from`; absent where that is long, or nothing that edits can say. */
    edits: z.array(editSchema).optional(),
    from: z.string().optional(),
  }),
  apply: z.object({
    state: statusSchema.shape.state,
    revision: z.number().nullable(),
    deadline: z.string().nullable(),
  }),
  /** `changes`: the flows that are not named count as in the event before. */
  counters: countersSchema.extend({ changes: z.literal(true).optional() }),
  drift: z.object({ drift: z.boolean(), detail: z.string().nullable() }),
  repair: repairSchema,
} as const;
export type EventName = keyof typeof eventSchemas;
export type EventPayload<N extends EventName> = z.output<(typeof eventSchemas)[N]>;

export const healthSchema = z.object({ ok: z.boolean() });

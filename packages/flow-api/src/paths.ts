/** Where packets go: directors, routing tables and interfaces, where they are used, and the health of each path. */
import { z } from "zod";

/** One thing that must be so for packets to arrive. */
export const healthLineSchema = z.object({
  /** `mark`, `ip rule`, `local route`, `table`, `service`, `servers`, `interface`, `addresses` ... */
  what: z.string(),
  /** unknown: the kernel does not tell (no IPVS there, say); off: not needed now, as nothing that is applied uses it. */
  state: z.enum(["ok", "warning", "error", "unknown", "off"]),
  /** One sentence: what is found, and for other than ok what would be right. */
  text: z.string(),
});
export type HealthLine = z.output<typeof healthLineSchema>;

/** Flows that use it, in the order of the draft, and whether each is on there. */
const usedBySchema = z.array(z.object({ flow: z.string(), on: z.boolean() }));

export const directorSchema = z.object({
  name: z.string(),
  /** The mark in force, `0x100`; null when there is none. */
  mark: z.string().nullable(),
  /** The mark that an apply of the draft gives it; null when the draft does not name it, or no mark can be given. */
  nextMark: z.string().nullable(),
  /** Was its mark set by hand? */
  byHand: z.boolean(),
  usedBy: usedBySchema,
  /** Is it part of the config that is in force? */
  inForce: z.boolean(),
  health: z.array(healthLineSchema),
});
export type Director = z.output<typeof directorSchema>;

/** `PUT /directors/{name}`: `"0x300"` or `768`; null: any mark will do. */
export const directorBodySchema = z.strictObject({
  mark: z
    .union([
      z
        .string()
        .regex(/^(0x[0-9a-f]{1,8}|\d{1,10})$/i, "write a mark like 0x300 or 768")
        .transform(Number),
      z.number().int("write a whole number"),
    ])
    .refine((mark) => mark >= 0 && mark <= 0xffff_ffff, "write a mark like 0x300 or 768")
    .nullable(),
});

export const tableSchema = z.object({
  /** As written in a policy, or its name in rt_tables. */
  name: z.string(),
  /** Null when this machine knows no table of that name. */
  number: z.number().nullable(),
  mark: z.string().nullable(),
  /** How many routes it holds: IPv4, IPv6. */
  routes: z.object({ ip: z.number(), ip6: z.number() }),
  usedBy: usedBySchema,
  inForce: z.boolean(),
  health: z.array(healthLineSchema),
});
export type RoutingTable = z.output<typeof tableSchema>;

export const interfaceSchema = z.object({
  /** As in a condition: `eth0`, or a wildcard `eth+`. */
  name: z.string(),
  /** Does the machine have it (a wildcard: any that fits)? */
  there: z.boolean(),
  up: z.boolean(),
  addresses: z.array(z.string()),
  usedBy: usedBySchema,
  health: z.array(healthLineSchema),
});
export type Interface = z.output<typeof interfaceSchema>;

/** Name to give as `after` for the next page; null at the end. */
const next = z.string().nullable();
export const directorsSchema = z.object({ directors: z.array(directorSchema), next });
export const tablesSchema = z.object({ tables: z.array(tableSchema), next });
export const interfacesSchema = z.object({ interfaces: z.array(interfaceSchema), next });

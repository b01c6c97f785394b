/** Calls that take a config and keep nothing. */
import { configSchema } from "@flowmgr/flow-model";
import { z } from "zod";

/** `POST /format`: canonical text, and the same as JSON. */
export const formatSchema = z.object({ text: z.string(), config: configSchema });

/** `POST /compile`: the program of a config on this machine, as restore text per family and routing commands. */
export const compiledSchema = z.object({
  /** As `iptables-save -t mangle` would print what is ours; "" where the machine has no such family. */
  ip: z.string(),
  ip6: z.string(),
  /** What `ipset restore` is told before, for lists that are sets; "" where there are none. */
  sets: z.string(),
  /** `ip rule add ...` and `ip route add ...`, one a line. */
  routing: z.string(),
  /** By the name of a director and the number of a table: the mark, `0x100`. */
  marks: z.object({ directors: z.record(z.string(), z.string()), tables: z.record(z.string(), z.string()) }),
});
export type Compiled = z.output<typeof compiledSchema>;

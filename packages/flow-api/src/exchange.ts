/** Configs in other people's words: export in those of the original page, import of pages and iptables rules. */
import { configSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import { diagnosticSchema } from "./problem.ts";

/** `POST /import`: text from the original's page, or what `iptables-save -t mangle` prints; which, is seen by itself. */
export const importBodySchema = z.strictObject({
  from: z.enum(["page", "iptables-save"]).optional(),
  text: z.string(),
});

/** A line of the source that became no part of the config. */
export const leftOutSchema = z.object({ line: z.number(), text: z.string(), reason: z.string() });

export const importedSchema = z.object({
  /** What the text was read as. */
  from: z.enum(["page", "iptables-save"]),
  config: configSchema,
  text: z.string(),
  /** Line by line what could not be taken over, and why. */
  leftOut: z.array(leftOutSchema),
  /** Warnings of the config; errors it has none. */
  diagnostics: z.array(diagnosticSchema),
});

/** `POST /format?words=page`: only words of the original page. */
export const formatQuerySchema = z.strictObject({ words: z.enum(["page"]).optional() });

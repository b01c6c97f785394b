/** Errors as RFC 9457 problem documents, with the diagnostics of the language. */
import { editSchema } from "@flowmgr/flow-model";
import { z } from "zod";

export const diagnosticSchema = z.object({
  code: z.string(),
  severity: z.enum(["error", "warning"]),
  message: z.string(),
  help: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
  endLine: z.number().optional(),
  endColumn: z.number().optional(),
  path: z.string().optional(),
  flow: z.string().optional(),
  rule: z.number().optional(),
  /** Each replaces the text of the place, or makes edits of the config. */
  fixes: z
    .array(
      z.union([
        z.object({ label: z.string(), text: z.string() }),
        z.object({ label: z.string(), edits: z.array(editSchema) }),
      ]),
    )
    .optional(),
  /** The rules that are to blame. */
  by: z.array(z.object({ flow: z.string(), rule: z.number().nullable() })).optional(),
  /** A packet that shows it, as the line that the tester takes. */
  packet: z.string().optional(),
});

export const problemSchema = z.object({
  /** `urn:flowmgr:problem:CODE`; programs compare this, people read title and detail. */
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  diagnostics: z.array(diagnosticSchema),
  /** 412: the newer ETag of the draft and who changed it. */
  etag: z.string().optional(),
  changedBy: z.string().optional(),
  changedAt: z.string().optional(),
});
export type Problem = z.output<typeof problemSchema>;

/** Errors as RFC 9457 problem documents, with the diagnostics of the language. */
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
  fixes: z.array(z.object({ label: z.string(), text: z.string() })).optional(),
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

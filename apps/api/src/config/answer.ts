/** The draft as it is answered: JSON or text, its ETag always in the header. */
import type { Check, Draft, DraftHead, WrittenDraft } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, flowsOf } from "@flowmgr/flow-model";
import type { FastifyReply, FastifyRequest } from "fastify";
import { quoted } from "../etag.ts";
import type { DraftStore, StoredDraft } from "../parts.ts";

/** How much there is, and how much is wrong with it. */
export function countsOf(config: Config, diagnostics: Diagnostic[]): Check["counts"] {
  const flows = flowsOf(config);
  const count = (severity: Diagnostic["severity"]) =>
    diagnostics.filter((one) => one.severity === severity).length;
  return {
    flows: flows.length,
    rules: flows.reduce((sum, flow) => sum + flow.rules.length, 0),
    errors: count("error"),
    warnings: count("warning"),
  };
}

export function draftAnswer(
  { etag, changedAt, changedBy, config }: StoredDraft,
  diagnostics: Diagnostic[],
): Draft {
  return { etag, changedAt, changedBy, config, counts: countsOf(config, diagnostics) };
}

/** The answer to a write: the draft as it is now, and what there is to say of it. */
export function writtenAnswer(store: DraftStore, draft: StoredDraft): WrittenDraft {
  const diagnostics = store.check();
  return { ...draftAnswer(draft, diagnostics), diagnostics };
}

/**
 * The answer to a write of the whole draft. Who prefers `return=minimal` (RFC 7240) knows what was written, and of ten
 * thousand flows needs the new ETag.
 */
export function answerWrite(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  store: DraftStore,
  draft: StoredDraft,
): WrittenDraft | DraftHead {
  reply.headers(etagHeader(draft));
  if (!/\breturn=minimal\b/i.test([request.headers.prefer ?? ""].flat().join()))
    return writtenAnswer(store, draft);
  reply.header("Preference-Applied", "return=minimal");
  const { etag, changedAt, changedBy } = draft;
  return { etag, changedAt, changedBy };
}

export function etagHeader(draft: StoredDraft): { ETag: string } {
  return { ETag: quoted(draft.etag) };
}

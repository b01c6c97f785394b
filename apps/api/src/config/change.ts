/** The edit of the draft that a call stands for. */
import { type Edit, edit } from "@flowmgr/flow-model";
import type { FastifyRequest } from "fastify";
import type { DraftStore, StoredDraft } from "../parts.ts";
import { refusedEdit } from "./refusal.ts";

/** Throws Problem when it cannot be made, or when it leaves a config with errors. */
export function change(
  draft: DraftStore,
  request: Pick<FastifyRequest, "caller" | "headers">,
  what: Edit,
): StoredDraft {
  const ifMatch = request.headers["if-match"];
  const edited = edit(draft.get().config, what);
  if ("error" in edited) throw refusedEdit(draft, ifMatch, edited.error);
  return draft.replace(edited.config, request.caller.name, ifMatch, { edits: [what] });
}

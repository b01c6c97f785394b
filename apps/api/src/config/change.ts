/** Edits of the draft that a call stands for. */
import { type Edit, editAll } from "@flowmgr/flow-model";
import type { FastifyRequest } from "fastify";
import type { DraftStore, StoredDraft } from "../parts.ts";
import { refusedEdit } from "./refusal.ts";

/** All of them or none. Throws Problem when one cannot be made, or when it leaves a config with errors. */
export function change(
  draft: DraftStore,
  request: Pick<FastifyRequest, "caller" | "headers">,
  ...edits: Edit[]
): StoredDraft {
  const ifMatch = request.headers["if-match"];
  const edited = editAll(draft.get().config, edits);
  if ("error" in edited) throw refusedEdit(draft, ifMatch, edited.error);
  return draft.replace(edited.config, request.caller.name, ifMatch);
}

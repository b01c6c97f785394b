/** Edits that cannot be made. */
import type { Diagnostic } from "@flowmgr/flow-model";
import type { DraftStore } from "../parts.ts";
import { Problem } from "../problem.ts";

/**
 * The 422 of an edit that does not fit the draft. `path` points to the edit in the body. Whoever edits a draft that
 * has changed meanwhile hears of that first (412), since it is most likely the reason.
 */
export function refusedEdit(
  draft: DraftStore,
  ifMatch: string | undefined,
  error: Diagnostic,
  path?: string,
): Problem {
  draft.requireMatch(ifMatch);
  return new Problem({
    status: 422,
    code: "edit-refused",
    title: "The edit cannot be made",
    detail: error.help ? `${error.message}; ${error.help}` : error.message,
    diagnostics: [path === undefined ? error : { ...error, path }],
  });
}

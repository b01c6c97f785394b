/** What diagnostics mean for the text that they stand in. */
import type { Diagnostic } from "@flowmgr/flow-model";
import { isFinding } from "../analysis/is-finding.ts";

/** What was found of a flow, while it is being typed: its mends may be of another rule by now. */
export function whileTyped(one: Diagnostic): Diagnostic[] {
  return one.flow !== undefined && isFinding(one) ? [{ ...one, fixes: [] }] : [];
}

/** Errors that keep a text from being the draft. An expectation that fails does not: it keeps the draft from the kernel. */
export function errorsIn(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.filter((one) => one.severity === "error" && !isFinding(one)).length;
}

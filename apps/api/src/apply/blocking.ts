/** Which diagnostics an apply stops at. */
import type { Diagnostic } from "@flowmgr/flow-model";

/** Diagnostics that whoever applies may take upon himself by name. */
const ACCEPTABLE: ReadonlySet<string> = new Set(["lockout"]);

/** The errors among diagnostics that an apply stops at. */
export function blocking(diagnostics: Diagnostic[], accept: readonly string[]): Diagnostic[] {
  return diagnostics.filter(
    ({ severity, code }) => severity === "error" && !(ACCEPTABLE.has(code) && accept.includes(code)),
  );
}

/** Collects diagnostics, and stays small whatever is thrown at it. */
import type { Diagnostic, Places, Severity } from "./diagnostic.ts";

/** Most diagnostics that one text or config gives. Five megabytes of garbage hold a million errors; nobody reads them. */
const MOST_DIAGNOSTICS = 1000;

export class Report {
  readonly #kept: Diagnostic[] = [];
  readonly #more = { error: 0, warning: 0 };

  add(diagnostic: Diagnostic): void {
    if (this.full) this.#more[diagnostic.severity] += 1;
    else this.#kept.push(diagnostic);
  }

  /** How many there were, kept or not. */
  get said(): number {
    return this.#kept.length + this.#more.error + this.#more.warning;
  }

  get full(): boolean {
    return this.#kept.length >= MOST_DIAGNOSTICS;
  }

  /** What was found. When it was too much, a last diagnostic says how much was left out, and of which severity. */
  diagnostics(): Diagnostic[] {
    const { error, warning } = this.#more;
    if (error + warning === 0) return [...this.#kept];
    const severity: Severity = error > 0 ? "error" : "warning";
    const message = `${error} more errors and ${warning} more warnings were left out`;
    const help = "mend the first ones and check again";
    return [...this.#kept, { code: "too-many", severity, message, help }];
  }
}

/**
 * Gives diagnostics that know their path the text that the path stands in, and sorts all by place. A path that has
 * no text of its own (a field that JSON has and the text leaves out) gets its owner's. What has no place comes last.
 */
export function locate(diagnostics: readonly Diagnostic[], places: Places): Diagnostic[] {
  return diagnostics
    .map((diagnostic): Diagnostic => {
      const { path, line } = diagnostic;
      return line !== undefined || path === undefined
        ? diagnostic
        : { ...diagnostic, ...spanOf(path, places) };
    })
    .sort((a, b) => compare(a.line, b.line) || compare(a.column, b.column));
}

function spanOf(path: string, places: Places) {
  for (let owner = path; owner !== ""; owner = owner.slice(0, owner.lastIndexOf("/"))) {
    const span = places.get(owner);
    if (span) return span;
  }
  return {};
}

function compare(a = Number.MAX_SAFE_INTEGER, b = Number.MAX_SAFE_INTEGER): number {
  return a - b;
}

import type { Diagnostic } from "@flowmgr/flow-model";
import styles from "./problems.module.css";
import { counted, sentence } from "./say.ts";

/** A thousand bad values are one mistake: the first say which. */
const SHOWN = 3;

type ProblemsProps = { id: string; diagnostics: readonly Diagnostic[] };

/** What is wrong, and what would be right, below the field that it speaks of. */
export function Problems({ id, diagnostics }: ProblemsProps) {
  if (diagnostics.length === 0) return null;
  const more = diagnostics.length - SHOWN;
  return (
    <ul id={id} className={styles.problems} aria-live="polite">
      {diagnostics.slice(0, SHOWN).map((one) => (
        <li key={`${one.code} ${one.path}`} className={styles[one.severity]}>
          <span className="visually-hidden">{one.severity}: </span>
          {advice(one)}
        </li>
      ))}
      {more > 0 ? <li className={styles.more}>and {counted(more, "more problem")}</li> : null}
    </ul>
  );
}

/** "There is no port 70000. Ports go from 0 to 65535." */
export function advice({ message, help }: Pick<Diagnostic, "message" | "help">): string {
  return help ? `${sentence(message)} ${sentence(help)}` : sentence(message);
}

/** What is wrong with the part at `path` or below it, the first of it; undefined when nothing is. */
export function problemAt(diagnostics: readonly Diagnostic[], path: string): string | undefined {
  return foundAt(diagnostics, path)?.text;
}

/** The same, and how serious it is. */
export function foundAt(diagnostics: readonly Diagnostic[], path: string): ValueProblem | undefined {
  const first = diagnostics.find((one) => one.path === path || one.path?.startsWith(`${path}/`));
  return first ? { severity: first.severity, text: advice(first) } : undefined;
}

export type ValueProblem = { severity: Diagnostic["severity"]; text: string };

/** By the place of the value that each speaks of: those whose path is `prefix`, `/values` and a number. */
export function byValue(diagnostics: readonly Diagnostic[], prefix: string): Map<number, ValueProblem> {
  const found = new Map<number, ValueProblem>();
  for (const one of diagnostics) {
    const index = placeIn(one, prefix);
    if (index === null || found.get(index)?.severity === "error") continue;
    found.set(index, { severity: one.severity, text: advice(one) });
  }
  return found;
}

/** The place of the value that a diagnostic speaks of; the first for one that speaks of all; null for another's. */
function placeIn({ path }: Diagnostic, prefix: string): number | null {
  if (path === prefix || path === `${prefix}/values`) return 0;
  const place = path?.startsWith(`${prefix}/values/`) ? Number(path.slice(prefix.length + 8)) : Number.NaN;
  return Number.isInteger(place) ? place : null;
}

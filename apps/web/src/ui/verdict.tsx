/** What becomes of a packet, as a sign, a word and a colour. */
import styles from "./verdict.module.css";

/** Who gives none is `undecided`: the packet goes on untouched. */
export type VerdictShown = {
  action: "permit" | "deny" | "director" | "table" | "undecided";
  director?: string | undefined;
  table?: number | undefined;
};

/** What stands before the word of each action. */
export const VERDICT_SIGNS = { permit: "✓", deny: "✕", director: "⇢", table: "↪", undecided: "○" } as const;

/** Never a badge; `words` stand in place of the usual ones. */
export function VerdictWord({ verdict, words }: { verdict: VerdictShown; words?: string }) {
  return (
    <span className={`${styles.verdict} ${styles[verdict.action]}`}>
      <span className={styles.sign} aria-hidden="true">
        {VERDICT_SIGNS[verdict.action]}
      </span>
      <span>{words ?? verdictWords(verdict)}</span>
    </span>
  );
}

/** "denied", "to director web", "by table 100", "untouched" */
export function verdictWords({ action, director, table }: VerdictShown): string {
  switch (action) {
    case "permit":
      return "permitted";
    case "deny":
      return "denied";
    case "director":
      return `to director ${director}`;
    case "table":
      return table === undefined ? "by a table without a number here" : `by table ${table}`;
    case "undecided":
      return "untouched";
  }
}

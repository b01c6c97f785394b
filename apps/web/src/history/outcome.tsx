import type { Revision } from "@flowmgr/flow-api";
import styles from "./history.module.css";

const OUTCOMES = {
  unconfirmed: { sign: "◌", words: "waits for its answer" },
  confirmed: { sign: "✓", words: "confirmed" },
  reverted: { sign: "↶", words: "taken back by hand" },
  expired: { sign: "↶", words: "taken back, no answer" },
  failed: { sign: "✕", words: "refused by the kernel" },
} as const;

/** What became of it, as icon, word and colour. */
export function Outcome({ revision }: { revision: Revision }) {
  const { sign, words } = OUTCOMES[revision.outcome];
  const look = revision.running ? styles.running : styles[revision.outcome];
  return (
    <span className={`${styles.outcome} ${look}`}>
      <span aria-hidden="true">{revision.running && revision.outcome === "confirmed" ? "●" : sign}</span>{" "}
      {revision.running
        ? `in force${revision.outcome === "unconfirmed" ? ", waits for its answer" : ""}`
        : words}
    </span>
  );
}

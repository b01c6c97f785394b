import type { Expectation } from "@flowmgr/flow-api";
import { Counterexample } from "./expect-dialog.tsx";
import styles from "./expectations.module.css";
import type { ExpectRow } from "./rows.ts";

const SIGNS: { [status in Expectation["status"]]: [sign: string, word: string] } = {
  holds: ["✓", "holds"],
  fails: ["✕", "fails"],
  open: ["?", "not proven"],
};

/** Whether it holds, what it says, why, and a packet that says otherwise. */
export function ExpectLine({ row: { expect, key, judged } }: { row: ExpectRow }) {
  const [sign, word] = judged ? SIGNS[judged.status] : ["…", "not judged yet"];
  const why = [...expect.comment, expect.note].filter((line) => line !== "").join(" ");
  const counter = judged?.counterexample;
  return (
    <div className={styles.line}>
      <span className={`${styles.sign} ${styles[judged?.status ?? "waits"]}`}>
        <span aria-hidden="true">{sign}</span> {word}
      </span>
      <div>
        <code>{key}</code>
        {why ? <p className={styles.quiet}>{why}</p> : null}
        {counter ? (
          <p className={styles.why}>
            <Counterexample
              line={counter.sample.line}
              verdict={counter.verdict}
              by={counter.by ?? { flow: null, rule: null }}
            />
          </p>
        ) : null}
        {judged?.status === "open" ? (
          <p className={styles.quiet}>
            Neither proven nor refuted in time. Narrower conditions are proven sooner.
          </p>
        ) : null}
      </div>
    </div>
  );
}

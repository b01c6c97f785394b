import type { Flow, Rule } from "@flowmgr/flow-model";
import { Fragment } from "react";
import styles from "./sentence.module.css";
import { sentenceOf, wordsOf } from "./words.ts";

/** A rule in plain words, as far as a row has room for them; all of them on hover. */
export function Sentence({ rule, kind }: { rule: Rule; kind: Flow["kind"] }) {
  const pieces = wordsOf(rule, kind);
  const cut = pieces.some(({ as }) => as === "more");
  return (
    <span className={rule.off ? styles.off : undefined} title={cut ? sentenceOf(rule, kind) : undefined}>
      {pieces.map(({ as, text }, index) => (
        <Fragment key={index}>
          <span className={styles[as]}>{text}</span>{" "}
        </Fragment>
      ))}
    </span>
  );
}

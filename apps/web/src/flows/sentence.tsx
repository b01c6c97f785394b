import type { Flow, Rule } from "@flowmgr/flow-model";
import { Fragment } from "react";
import styles from "./sentence.module.css";
import { wordsOf } from "./words.ts";

/** A rule in plain words. */
export function Sentence({ rule, kind }: { rule: Rule; kind: Flow["kind"] }) {
  return (
    <span className={rule.off ? styles.off : undefined}>
      {wordsOf(rule, kind).map(({ as, text }, index) => (
        <Fragment key={index}>
          <span className={styles[as]}>{text}</span>{" "}
        </Fragment>
      ))}
    </span>
  );
}

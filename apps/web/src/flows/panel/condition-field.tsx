import type { Condition, ConditionKind, Diagnostic, Flow } from "@flowmgr/flow-model";
import { useEffect, useId, useState } from "react";
import { Suggest, type Suggestion } from "../../ui/suggest.tsx";
import { wordOf } from "../words.ts";
import { KIND_LABELS, readCondition } from "./conditions.ts";
import styles from "./rule-card.module.css";

type ConditionFieldProps = {
  kind: ConditionKind;
  flowKind: Flow["kind"];
  condition: Condition;
  suggestions: Suggestion[];
  /** Rule 2, for screen readers. */
  where: string;
  diagnostic: Diagnostic | undefined;
  errorId: string;
  active: boolean;
  fresh: boolean;
  disabled: boolean;
  /** While it is typed: for the check. */
  typing: (condition: Condition) => void;
  set: (condition: Condition) => void;
  remove: () => void;
};

/** A condition as words in the sentence: "not from 192.168.0.0/24", each word its own control. */
export function ConditionField(props: ConditionFieldProps) {
  const { kind, condition, active, set } = props;
  const written = condition.values.join(", ");
  const [text, setText] = useState(written);
  const id = useId();
  // The draft may change under the field: undo, the text editor, another admin.
  useEffect(() => setText(written), [written]);
  const word = wordOf(kind, props.flowKind);
  const label = KIND_LABELS[kind];

  function commit(value: string) {
    const next = readCondition(value, condition.not);
    if (value === written) return;
    if (props.fresh && next.values.join("") === "") return props.remove();
    set(next);
    setText(next.values.join(", "));
  }

  return (
    <span className={styles.condition} id={id}>
      {condition.not || active ? (
        <button
          type="button"
          className={condition.not ? styles.not : styles.ghost}
          aria-pressed={condition.not}
          aria-label={`not, ${label}, ${props.where}`}
          title={condition.not ? "Take the not away" : "Negate this condition"}
          disabled={props.disabled}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => set({ ...readCondition(text, condition.not), not: !condition.not })}
        >
          not
        </button>
      ) : null}
      {word ? <span className={styles.word}>{word}</span> : null}
      <Suggest
        inline
        label={`${label}, ${props.where}`}
        className={`${styles.value} ${props.diagnostic ? styles[props.diagnostic.severity] : ""}`}
        value={text}
        set={(value) => {
          setText(value);
          props.typing(readCondition(value, condition.not));
        }}
        commit={commit}
        suggestions={props.suggestions}
        placeholder={placeholderOf(kind)}
        errorId={props.diagnostic ? props.errorId : undefined}
        autoFocus={props.fresh}
        disabled={props.disabled}
      />
      {active ? (
        <button
          type="button"
          className={styles.remove}
          aria-label={`Remove ${label}, ${props.where}`}
          title="Remove this condition"
          disabled={props.disabled}
          onMouseDown={(event) => event.preventDefault()}
          onClick={props.remove}
        >
          ×
        </button>
      ) : null}
    </span>
  );
}

function placeholderOf(kind: ConditionKind): string {
  if (kind === "src" || kind === "dst") return "192.168.0.0/24";
  if (kind === "srcport" || kind === "dstport") return "port";
  return kind === "iface" ? "interface" : "choose";
}

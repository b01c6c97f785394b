import { useEffect, useId, useState } from "react";
import styles from "./text-field.module.css";

type TextFieldProps = {
  label: string;
  value: string;
  commit: (value: string) => void;
  /** Counts with each change already, where a button next to it takes what stands here. */
  live?: boolean;
  /** The label is for screen readers only. */
  hidden?: boolean;
  /** Several lines: Enter makes a new one. */
  lines?: boolean;
  placeholder?: string;
  problem?: string | undefined;
  disabled?: boolean;
};

/** Text that counts when the field is left, or on Enter. */
export function TextField(props: TextFieldProps) {
  const { label, value, commit, lines = false, problem } = props;
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  function change(next: string) {
    setText(next);
    if (props.live) commit(next);
  }
  const shared = {
    id,
    value: text,
    placeholder: props.placeholder,
    disabled: props.disabled,
    spellCheck: lines,
    autoComplete: "off",
    className: styles.input,
    "aria-invalid": problem !== undefined,
    "aria-describedby": problem ? `${id}-problem` : undefined,
    onBlur: () => {
      if (text !== value) commit(text);
    },
  };
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={props.hidden ? "visually-hidden" : undefined}>
        {label}
      </label>
      {lines ? (
        <textarea
          {...shared}
          rows={Math.max(1, text.split("\n").length)}
          onChange={(event) => change(event.target.value)}
        />
      ) : (
        <input
          {...shared}
          onChange={(event) => change(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && text !== value) commit(text);
          }}
        />
      )}
      {problem ? (
        <p id={`${id}-problem`} className={styles.problem}>
          {problem}
        </p>
      ) : null}
    </div>
  );
}

/** Comment lines of what was typed. */
export function linesOf(text: string): string[] {
  return text.trim() === "" ? [] : text.split("\n").map((line) => line.trimEnd());
}

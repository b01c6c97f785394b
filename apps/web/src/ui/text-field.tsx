import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import styles from "./text-field.module.css";

type TextFieldProps = {
  label: string;
  value: string;
  commit: (value: string) => void;
  /** Counts with each change already, where a button next to it takes what stands here. */
  live?: boolean;
  /** What was typed counts also where the field goes without being left, as when another admin removes its flow. */
  insists?: boolean;
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
  const area = useWholeHeight(text);
  const typed = useRef<(() => void) | null>(null);
  typed.current = props.insists && text !== value ? () => commit(text) : null;
  useEffect(() => () => typed.current?.(), []);
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
        <textarea ref={area} {...shared} rows={1} onChange={(event) => change(event.target.value)} />
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

/** As high as its text, long lines that wrap among it: nothing of a comment is hidden from who reads it. */
function useWholeHeight(text: string) {
  const area = useRef<HTMLTextAreaElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text is what makes the height
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
  }, [text]);
  return area;
}

/** Comment lines of what was typed. */
export function linesOf(text: string): string[] {
  return text.trim() === "" ? [] : text.split("\n").map((line) => line.trimEnd());
}

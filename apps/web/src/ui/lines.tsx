import { useEffect, useState } from "react";
import { afterPress } from "./after-press.ts";
import styles from "./lines.module.css";
import { sameValues, splitValues } from "./values.ts";

type LinesProps = {
  label: string;
  values: readonly string[];
  /** When the field is left. */
  set: (values: string[]) => void;
  /** With each change already, where a button next to it takes what stands here. */
  live?: boolean;
  errorId?: string | undefined;
  disabled?: boolean;
};

/** Rows seen at once; more is scrolled, so that a thousand values leave the page in place. */
const ROWS = 16;

/** Many values as text, one a line: to be pasted, sorted and searched as text is. */
export function Lines({ label, values, set, live = false, errorId, disabled }: LinesProps) {
  const written = values.join("\n");
  const [text, setText] = useState(written);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the values count, not the array that holds them
  useEffect(() => setText((now) => (sameValues(splitValues(now), values) ? now : written)), [written]);

  function change(next: string) {
    setText(next);
    if (live) set(splitValues(next));
  }

  function leave() {
    const read = splitValues(text);
    setText(read.join("\n"));
    if (!sameValues(read, values)) set(read);
  }

  return (
    <div className={styles.lines}>
      <textarea
        className={styles.text}
        aria-label={`${label}, one a line`}
        aria-invalid={errorId !== undefined}
        aria-describedby={errorId}
        rows={Math.max(3, Math.min(ROWS, text.split("\n").length + 1))}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="off"
        disabled={disabled}
        value={text}
        onChange={(event) => change(event.target.value)}
        onBlur={() => afterPress(leave)}
      />
      {text.includes("#") ? (
        <p className={styles.hint}>What stands behind # is left out: values have no comments of their own.</p>
      ) : null}
    </div>
  );
}

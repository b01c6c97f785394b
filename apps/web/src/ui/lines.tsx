import { useEffect, useState } from "react";
import styles from "./lines.module.css";
import { sameValues, splitValues } from "./values.ts";

type LinesProps = {
  label: string;
  values: readonly string[];
  /** When the field is left. */
  set: (values: string[]) => void;
  errorId?: string | undefined;
  disabled?: boolean;
};

/** Rows seen at once; more is scrolled, so that a thousand values leave the page in place. */
const ROWS = 16;

/** Many values as text, one a line: to be pasted, sorted and searched as text is. */
export function Lines({ label, values, set, errorId, disabled }: LinesProps) {
  const written = values.join("\n");
  const [text, setText] = useState(written);
  useEffect(() => setText(written), [written]);
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
        onChange={(event) => setText(event.target.value)}
        onBlur={() => {
          const read = splitValues(text);
          setText(read.join("\n"));
          if (!sameValues(read, values)) set(read);
        }}
      />
      {text.includes("#") ? (
        <p className={styles.hint}>What stands behind # is left out: values have no comments of their own.</p>
      ) : null}
    </div>
  );
}

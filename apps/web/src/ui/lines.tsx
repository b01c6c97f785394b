import { lazy, Suspense } from "react";
import styles from "./lines.module.css";
import type { LinesProps } from "./lines-editor.tsx";

// The editor that Text has: it comes when it is first asked for.
const LinesEditor = lazy(async () => ({ default: (await import("./lines-editor.tsx")).LinesEditor }));

/** Many values as text, one a line: to be pasted, sorted and searched as text is. */
export function Lines(props: LinesProps) {
  return (
    <div className={styles.lines}>
      <Suspense fallback={<div className={styles.text} />}>
        <LinesEditor {...props} />
      </Suspense>
    </div>
  );
}

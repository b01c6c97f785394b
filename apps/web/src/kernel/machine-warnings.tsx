/** What of the machine keeps flows from doing what they say, as the status tells it. */
import { useState } from "react";
import { useStatus } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import styles from "./kernel.module.css";

/** Shown at first: a hundred empty tables would leave no room for the chains. */
const FIRST = 3;

export function MachineWarnings() {
  const [whole, setWhole] = useState(false);
  const warnings = useStatus().data?.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <ul className={styles.warnings} aria-label="Warnings about the machine">
      {warnings.slice(0, whole ? undefined : FIRST).map((warning) => (
        <li key={warning}>{sentence(warning)}</li>
      ))}
      {!whole && warnings.length > FIRST ? (
        <li>
          <Button look="link" small onClick={() => setWhole(true)}>
            {(warnings.length - FIRST).toLocaleString("en")} more
          </Button>
        </li>
      ) : null}
    </ul>
  );
}

function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1);
  return begun.endsWith(".") ? begun : `${begun}.`;
}

/** What of the machine keeps flows from doing what they say, as the status tells it. */
import { useStatus } from "../api/index.ts";
import styles from "./kernel.module.css";

export function MachineWarnings() {
  const warnings = useStatus().data?.warnings ?? [];
  if (warnings.length === 0) return null;
  return (
    <ul className={styles.warnings} aria-label="Warnings about the machine">
      {warnings.map((warning) => (
        <li key={warning}>{sentence(warning)}</li>
      ))}
    </ul>
  );
}

function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1);
  return begun.endsWith(".") ? begun : `${begun}.`;
}

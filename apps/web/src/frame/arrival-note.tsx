import { useState } from "react";
import { useArrival } from "../api/index.ts";
import styles from "./frame.module.css";

/** Says in an open panel that somebody else changed its flow, or its list (`@name`), while it was open. */
export function ArrivalNote({ name }: { name: string }) {
  const [since] = useState(() => Date.now());
  const arrival = useArrival(name, since);
  return (
    <p className={styles.arrival} role="status">
      {arrival ? `${arrival.by} ${arrival.what} it a moment ago.` : null}
    </p>
  );
}

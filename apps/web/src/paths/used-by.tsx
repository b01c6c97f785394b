import type { Director } from "@flowmgr/flow-api";
import { useState } from "react";
import { Link } from "wouter";
import { Button } from "../ui/button.tsx";
import styles from "./paths.module.css";

/** Flows named at once; an interface may be named by thousands. */
const SHOWN = 6;
const MORE = 100;

/** The draft's flows that use it, in their order; those that are off are marked. */
export function UsedBy({ usedBy }: { usedBy: Director["usedBy"] }) {
  const [shown, setShown] = useState(SHOWN);
  if (usedBy.length === 0) return <span className={styles.quiet}>no flow of the draft</span>;
  const rest = usedBy.length - shown;
  return (
    <ul className={styles.usedBy}>
      {usedBy.slice(0, shown).map(({ flow, on }) => (
        <li key={flow}>
          <Link href={`/flows/${encodeURIComponent(flow)}`} className={on ? undefined : styles.idle}>
            {flow}
          </Link>
          {on ? null : <small className={styles.quiet}> off</small>}
        </li>
      ))}
      {rest > 0 ? (
        <li>
          <Button look="link" small onClick={() => setShown(shown + MORE)}>
            {rest > MORE ? `${MORE} of ${rest.toLocaleString("en")} more` : `${rest} more`}
          </Button>
        </li>
      ) : null}
    </ul>
  );
}

import type { Deciders, SearchAnswer } from "@flowmgr/flow-api";
import { useState } from "react";
import { partText } from "../rule/words.ts";
import { Button } from "../ui/button.tsx";
import { linesOf, Regions } from "../ui/regions.tsx";
import { VerdictWord } from "../ui/verdict.tsx";
import { FlowLink } from "./flow-link.tsx";
import styles from "./search.module.css";

/** Regions of a group that are read at a glance. */
const SHOWN = 5;

/** Who decides, the most packets first, and which packets those are. */
export function Groups({ answer: { groups } }: { answer: SearchAnswer }) {
  return (
    <ul>
      {groups.map((group) => (
        <Group key={JSON.stringify(group.decider)} {...group} />
      ))}
    </ul>
  );
}

function Group({ decider, regions, whole }: SearchAnswer["groups"][number]) {
  const [all, setAll] = useState(false);
  const rest = linesOf(regions).length - SHOWN;
  return (
    <li className={styles.group}>
      <p className={styles.by}>
        <VerdictWord verdict={decider.verdict} /> <By decider={decider} />
      </p>
      <div className={styles.regions}>
        <Regions regions={regions} {...(all ? {} : { most: SHOWN })} />
        {rest > 0 && !all ? (
          <Button look="link" small onClick={() => setAll(true)}>
            {rest} more
          </Button>
        ) : null}
        {whole ? null : <p className={styles.quiet}>and packets beyond these</p>}
      </div>
    </li>
  );
}

function By({ decider: { by, others } }: { decider: Deciders }) {
  if (by.length === 0) return <span className={styles.quiet}>no flow decides</span>;
  return (
    <span>
      by{" "}
      {by.map(({ flow, rule }, index) => (
        <span key={`${flow} ${rule}`}>
          {index > 0 ? "; " : ""}
          <FlowLink name={flow} />
          {partText(rule)}
        </span>
      ))}
      {others > 0 ? ` and ${others} more` : ""}
    </span>
  );
}

/** Which packets an apply treats in another way: who decided them, who will, and examples to test. */

import type { Deciders, PacketChange, Plan } from "@flowmgr/flow-api";
import { useState } from "react";
import { Link } from "wouter";
import { partText } from "../rule/words.ts";
import { Button } from "../ui/button.tsx";
import { linesOf, Regions } from "../ui/regions.tsx";
import { counted } from "../ui/say.ts";
import { VerdictWord, verdictWords } from "../ui/verdict.tsx";
import styles from "./packets.module.css";
import reviewStyles from "./review.module.css";
import { useKinds, useRegions } from "./use-packets.ts";

/** Kinds, and regions of one, that are read at a glance. */
const KINDS = 10;
const REGIONS = 3;

type Packets = NonNullable<Plan["packets"]>;

/** `packets`: of the draft with this ETag; undefined where it has errors. */
export function PacketsView({ packets, etag }: { packets: Plan["packets"]; etag: string }) {
  if (!packets) {
    return (
      <p className={reviewStyles.quiet}>
        What happens to packets is not known as long as the draft has errors.
      </p>
    );
  }
  return <Kinds key={etag} packets={packets} etag={etag} />;
}

function Kinds({ packets, etag }: { packets: Packets; etag: string }) {
  const { kinds, more, loading, trouble } = useKinds(packets, etag);
  const [opened, setOpened] = useState(false);
  const shown = opened ? kinds : kinds.slice(0, KINDS);
  const rest = packets.total - shown.length;
  const step = opened ? Math.min(rest, 100) : kinds.length - shown.length;
  return (
    <div className={styles.packets}>
      <p className={reviewStyles.quiet}>{summary(packets)}</p>
      <ol className={styles.kinds} aria-label="Packets that are treated differently">
        {shown.map((change, index) => (
          <Kind key={index} change={change} number={index} etag={etag} />
        ))}
      </ol>
      {rest > 0 ? (
        <Button
          small
          disabled={loading}
          onClick={() => {
            if (opened) more();
            else setOpened(true);
          }}
        >
          Show {counted(step, "more kind")}
          {step < rest ? ` of ${rest.toLocaleString("en")}` : ""}
        </Button>
      ) : null}
      {trouble ? <p role="alert">{trouble}</p> : null}
    </div>
  );
}

function summary({ status, total }: Packets): string {
  if (status === "partial") {
    return `Not all was looked at in time: ${total === 0 ? "nothing" : counted(total, "kind")} found so far.`;
  }
  if (total === 0) return "No packet is treated differently.";
  const order = total > 1 ? ", those with the most packets first" : "";
  return `${counted(total, "kind")} of packets${order}. All others are treated as before.`;
}

type KindProps = { change: PacketChange; number: number; etag: string };

function Kind({ change, number, etag }: KindProps) {
  const { regions, whole, more, loading, trouble } = useRegions(change, number, etag);
  const [opened, setOpened] = useState(false);
  const { direction, was, is } = change;
  const rest = linesOf(regions).length - REGIONS;
  return (
    <li>
      <p className={styles.fates}>
        <span>
          {direction === "out" ? "Sent by this machine: " : null}
          <VerdictWord verdict={is.verdict} words={`now ${verdictWords(is.verdict)}`} />{" "}
          <By deciders={is} linked />
        </span>
        <span className={styles.was}>
          until now <VerdictWord verdict={was.verdict} /> <By deciders={was} />
        </span>
      </p>
      <Regions regions={regions} {...(opened ? {} : { most: REGIONS })} />
      {rest > 0 && !opened ? (
        <Button look="link" small onClick={() => setOpened(true)}>
          {counted(rest, "further region")}
          {whole ? "" : ", and more"}
        </Button>
      ) : !whole ? (
        more ? (
          <Button look="link" small disabled={loading} onClick={more}>
            And more
          </Button>
        ) : (
          <p className={reviewStyles.quiet}>and packets beside these regions</p>
        )
      ) : null}
      {trouble ? <p role="alert">{trouble}</p> : null}
    </li>
  );
}

/** "by mail, rule 1; web, rule 2 and 3 others"; nothing where no flow decides. */
function By({ deciders: { by, others }, linked = false }: { deciders: Deciders; linked?: boolean }) {
  if (by.length === 0) return <span className={styles.by}>since no flow decides</span>;
  return (
    <span className={styles.by}>
      by{" "}
      {by.map(({ flow, rule }, index) => {
        const words = flow + partText(rule);
        const address = `/flows/${encodeURIComponent(flow)}${rule === null ? "" : `?rule=${rule}`}`;
        return (
          <span key={words}>
            {index > 0 ? "; " : ""}
            {linked ? <Link href={address}>{words}</Link> : words}
          </span>
        );
      })}
      {others > 0 ? ` and ${counted(others, "other")}` : ""}
    </span>
  );
}

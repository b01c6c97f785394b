/** One revision: its text, what differs from what is in force and from the one before it, and the way back. */
import type { Revision } from "@flowmgr/flow-api";
import { useState } from "react";
import { Link } from "wouter";
import { type RevisionDetail, useRevision, useRevisionDiff, useStatus } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { DiffView } from "../ui/diff-view.tsx";
import { clock, counted } from "../ui/say.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import styles from "./history.module.css";
import { Outcome } from "./outcome.tsx";
import { Restore } from "./restore.tsx";

type RevisionViewProps = { id: number; revisions: readonly Revision[] };

export function RevisionView({ id, revisions }: RevisionViewProps) {
  const { data, error, refetch } = useRevision(id);
  if (data) return <Opened revision={data} revisions={revisions} />;
  if (!error) return <Waiting>Reading revision {id}</Waiting>;
  return (
    <PlaceState
      title={`Revision ${id} could not be read`}
      actions={
        <>
          <Button onClick={() => void refetch()}>Try again</Button>
          <Link href="/history">All revisions</Link>
        </>
      }
    >
      {error.message}
    </PlaceState>
  );
}

function Opened({ revision, revisions }: { revision: RevisionDetail; revisions: readonly Revision[] }) {
  const { id, author, at, message, counts } = revision;
  return (
    <section className={styles.place} aria-label={`Revision ${id}`}>
      <div className={styles.sheet}>
        <nav aria-label="Way back">
          <Link href="/history">← All revisions</Link>
        </nav>
        <header className={styles.head}>
          <div>
            <h1>
              Revision {id} <Outcome revision={revision} />
            </h1>
            {message ? <p className={styles.why}>{message}</p> : null}
            <p className={styles.about}>
              {author}, {clock(at)} · {counted(counts.flows, "flow")}, {counted(counts.rules, "rule")}
            </p>
          </div>
          <Restore revision={revision} />
        </header>
        <Views revision={revision} revisions={revisions} />
      </div>
    </section>
  );
}

const TABS = [
  { name: "text", title: "Text" },
  { name: "running", title: "Against running" },
  { name: "before", title: "Against previous" },
] as const;

function Views({ revision, revisions }: { revision: RevisionDetail; revisions: readonly Revision[] }) {
  const [chosen, choose] = useState<(typeof TABS)[number]["name"]>("text");
  const running = useStatus().data?.running?.revision ?? null;
  const before = revisions.find(({ id, outcome }) => id < revision.id && outcome === "confirmed")?.id ?? null;
  return (
    <Tabs label="Views of the revision" tabs={TABS} chosen={chosen} choose={choose}>
      {chosen === "text" ? <Whole text={revision.text} /> : null}
      {chosen === "running" ? <Difference from={running} to={revision.id} /> : null}
      {chosen === "before" ? <Difference from={before} to={revision.id} /> : null}
    </Tabs>
  );
}

function Whole({ text }: { text: string }) {
  if (text.trim() === "") return <p className={styles.about}>No flows.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section className={styles.text} tabIndex={0} aria-label="Text of the revision">
      <pre>{text}</pre>
    </section>
  );
}

/** From the older or running one to this one: what bringing it back would do. */
function Difference({ from, to }: { from: number | null; to: number }) {
  const same = from === to;
  const { data, error } = useRevisionDiff(same ? null : from, to);
  if (from === null) return <p className={styles.about}>There is none to compare it with.</p>;
  if (same) return <p className={styles.about}>This is what is in force.</p>;
  if (error) return <p className={styles.about}>{error.message}</p>;
  if (!data) return <Waiting>Comparing</Waiting>;
  return (
    <>
      <p className={styles.about}>
        From revision {from} to {to}: {data.headline}
      </p>
      {data.text ? <DiffView patch={data.text} /> : null}
    </>
  );
}

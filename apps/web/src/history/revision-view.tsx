/** One revision: what it changed, what differs from any other, its text, and the way back. */
import type { Revision } from "@flowmgr/flow-api";
import { Link, useSearchParams } from "wouter";
import { type RevisionDetail, useRevision, useRevisionBefore } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { clock, counted } from "../ui/say.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { Compare } from "./compare.tsx";
import { Difference, Said } from "./difference.tsx";
import styles from "./history.module.css";
import { Outcome } from "./outcome.tsx";
import { Restore } from "./restore.tsx";
import type { Side } from "./sides.ts";

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

type OpenedProps = { revision: RevisionDetail; revisions: readonly Revision[] };

function Opened({ revision, revisions }: OpenedProps) {
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
  { name: "changes", title: "What it changed" },
  { name: "compare", title: "Compare" },
  { name: "text", title: "Text" },
] as const;
type View = (typeof TABS)[number]["name"];

/** The view stands in the address: `/history/12`, `/history/12?to=draft`, `/history/12?view=text`. */
function Views({ revision, revisions }: OpenedProps) {
  const [search, setSearch] = useSearchParams();
  const to = search.get("to");
  const chosen: View = to !== null ? "compare" : search.get("view") === "text" ? "text" : "changes";
  const compareWith = (side: Side) => setSearch({ to: String(side) }, { replace: true });
  function choose(view: View): void {
    if (view === "compare") compareWith(revision.running ? "draft" : "running");
    else setSearch(view === "text" ? { view } : {}, { replace: true });
  }
  return (
    <Tabs label="Views of the revision" tabs={TABS} chosen={chosen} choose={choose}>
      {chosen === "changes" ? <Changed id={revision.id} /> : null}
      {to !== null ? <Compare id={revision.id} to={to} choose={compareWith} revisions={revisions} /> : null}
      {chosen === "text" ? <Whole text={revision.text} /> : null}
    </Tabs>
  );
}

/** Against what was in force when it was applied. */
function Changed({ id }: { id: number }) {
  const { data: before, error } = useRevisionBefore(id);
  if (error) return <Said>{error.message}</Said>;
  if (before === undefined) return <Waiting>Comparing</Waiting>;
  if (before === null) return <Said>It is the first one: nothing was in force before it.</Said>;
  return <Difference one={before} other={id} />;
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

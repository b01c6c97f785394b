/** Every apply: who, when, why, what became of it; open one to compare it or to bring it back. */
import type { Revision } from "@flowmgr/flow-api";
import { Link } from "wouter";
import { useRevisions } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { clock, counted } from "../ui/say.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import styles from "./history.module.css";
import { Outcome } from "./outcome.tsx";
import { RevisionView } from "./revision-view.tsx";

/** `opened`: the revision of the address, null for the list. */
export function HistoryPlace({ opened }: { opened: number | null }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useRevisions();
  const revisions = data?.pages.flatMap((page) => page.revisions) ?? [];
  if (opened !== null) return <RevisionView id={opened} revisions={revisions} />;
  if (!data) {
    if (!error) return <Waiting>Reading the history</Waiting>;
    return (
      <PlaceState
        title="The history could not be read"
        actions={<Button onClick={() => void refetch()}>Try again</Button>}
      >
        {error.message}
      </PlaceState>
    );
  }
  if (revisions.length === 0) {
    return (
      <PlaceState title="Nothing was applied yet" actions={<Link href="/flows">Go to Flows</Link>}>
        Each apply becomes a revision here: who, when, why, and its text, to compare and to bring back.
      </PlaceState>
    );
  }
  return (
    <section className={styles.place} aria-label="History">
      <h1 className="visually-hidden">History</h1>
      <ol className={styles.list}>
        {revisions.map((revision) => (
          <Row key={revision.id} revision={revision} />
        ))}
      </ol>
      {hasNextPage ? (
        <div className={styles.older}>
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Older
          </Button>
        </div>
      ) : null}
    </section>
  );
}

function Row({ revision }: { revision: Revision }) {
  const { id, author, message, at, counts } = revision;
  return (
    <li>
      <Link href={`/history/${id}`} className={styles.row}>
        <span className={styles.id}>{id}</span>
        <Outcome revision={revision} />
        <span className={message ? styles.message : styles.none}>{message || "no message"}</span>
        <span className={styles.counts}>
          {counted(counts.flows, "flow")}, {counted(counts.rules, "rule")}
        </span>
        <span className={styles.author}>{author}</span>
        <time className={styles.time} dateTime={at}>
          {clock(at)}
        </time>
      </Link>
    </li>
  );
}

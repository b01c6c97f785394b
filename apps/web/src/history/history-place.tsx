/** Every apply: who, when, why, what became of it; open one to compare it or to bring it back. */
import type { Revision } from "@flowmgr/flow-api";
import { useRef } from "react";
import { Link } from "wouter";
import { useRevisions } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { clock, counted } from "../ui/say.ts";
import { PlaceState, Waiting } from "../ui/states.tsx";
import { useKeys } from "../ui/use-keys.ts";
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
    <List
      revisions={revisions}
      older={hasNextPage ? () => void fetchNextPage() : null}
      reading={isFetchingNextPage}
    />
  );
}

type ListProps = {
  revisions: readonly Revision[];
  /** Reads older ones; null at the end. */
  older: (() => void) | null;
  reading: boolean;
};

function List({ revisions, older, reading }: ListProps) {
  const list = useRef<HTMLOListElement>(null);
  function walk(by: 1 | -1): void {
    const rows = [...(list.current?.querySelectorAll("a") ?? [])];
    const at =
      document.activeElement instanceof HTMLAnchorElement ? rows.indexOf(document.activeElement) : -1;
    rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
  }
  useKeys({ j: () => walk(1), k: () => walk(-1), ArrowDown: () => walk(1), ArrowUp: () => walk(-1) });
  return (
    <section className={styles.place} aria-label="History">
      <h1 className="visually-hidden">History</h1>
      <ol ref={list} className={styles.list}>
        {revisions.map((revision) => (
          <Row key={revision.id} revision={revision} />
        ))}
      </ol>
      {older ? (
        <div className={styles.older}>
          <Button disabled={reading} onClick={older}>
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

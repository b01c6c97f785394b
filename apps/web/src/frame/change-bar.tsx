import type { FlowChange } from "@flowmgr/flow-api";
import { useState } from "react";
import { useLocation } from "wouter";
import { useEdit } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { useKeys } from "../ui/use-keys.ts";
import styles from "./frame.module.css";
import { useChanges } from "./use-changes.ts";

/** What is not applied yet, and the way to Review. It stays while there is something to undo or redo. */
export function ChangeBar() {
  const { changes, headline } = useChanges();
  const { undo, redo, undoLabel, redoLabel, discard } = useEdit();
  const [location, go] = useLocation();
  const [asking, setAsking] = useState(false);
  const count = changes.length;
  useKeys({ "Ctrl+z": undo, "Ctrl+Shift+z": redo, "Ctrl+y": redo });
  if (location.startsWith("/review") || (count === 0 && !undoLabel && !redoLabel)) return null;
  return (
    <section className={styles.changes} aria-label="Changes not applied">
      <p className={styles.summary}>
        <b>{count === 0 ? "No changes" : `${count} ${count === 1 ? "change" : "changes"}`}</b>
        <span className={styles.names}>
          {count === 0 ? "the draft is what is in force" : `not applied — ${named(changes)}`}
        </span>
      </p>
      <Button look="plain" onClick={undo} disabled={!undoLabel} title={hint("Undo", undoLabel, "Ctrl+Z")}>
        <Word text="Undo" sign="↶" />
      </Button>
      <Button
        look="plain"
        onClick={redo}
        disabled={!redoLabel}
        title={hint("Redo", redoLabel, "Ctrl+Shift+Z")}
      >
        <Word text="Redo" sign="↷" />
      </Button>
      <Button look="plain" className={styles.discard} disabled={count === 0} onClick={() => setAsking(true)}>
        Discard
      </Button>
      <Button look="primary" disabled={count === 0} onClick={() => go("/review")}>
        Review <span aria-hidden="true">→</span>
      </Button>
      {asking ? (
        <Dialog
          title={`Discard ${count} ${count === 1 ? "change" : "changes"}?`}
          close={() => setAsking(false)}
        >
          <p>
            This drops what you see under Review ({headline}). The draft goes back to what is in force; Undo
            brings the changes back.
          </p>
          <div className={styles.answers}>
            <Button onClick={() => setAsking(false)}>Keep</Button>
            <Button
              look="danger"
              onClick={() => {
                discard();
                setAsking(false);
              }}
            >
              Discard
            </Button>
          </div>
        </Dialog>
      ) : null}
    </section>
  );
}

/** A word, and on a phone its sign. */
function Word({ text, sign }: { text: string; sign: string }) {
  return (
    <>
      <span className={styles.word}>{text}</span>
      <span className={styles.sign} aria-hidden="true">
        {sign}
      </span>
    </>
  );
}

function hint(what: string, label: string | null, key: string): string {
  return label ? `${what}: ${label} (${key})` : `Nothing to ${what.toLowerCase()}`;
}

const WORDS: Record<FlowChange["change"], string> = {
  added: "added",
  removed: "removed",
  changed: "changed",
  moved: "moved",
  "switched-on": "switched on",
  "switched-off": "switched off",
  commented: "comment changed",
};

/** "mail changed, office-web added, 12 more" */
function named(changes: FlowChange[]): string {
  const first = changes.slice(0, 3).map(({ name, change }) => `${name} ${WORDS[change]}`);
  if (changes.length > 3) first.push(`${changes.length - 3} more`);
  return first.join(", ");
}

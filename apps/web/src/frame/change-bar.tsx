import type { FlowChange } from "@flowmgr/flow-api";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { type Action, keyOf, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { counted } from "../ui/say.ts";
import { useDraftActions } from "./actions.ts";
import styles from "./change-bar.module.css";
import { CHANGE_WORDS, useChanges } from "./use-changes.ts";

/** What is not applied yet, and the way to Review. It stays while there is something to undo or redo. */
export function ChangeBar() {
  const { changes } = useChanges();
  const actions = useDraftActions();
  const [location] = useLocation();
  const count = changes.length;
  const { undo, redo, discard, review } = actions;
  useActions(Object.values(actions), "everywhere");
  const idle = count === 0 && undo.disabled !== null && redo.disabled !== null;
  if (location.startsWith("/review") || idle) return null;
  return (
    <section className={styles.changes} aria-label="Changes not applied">
      <p className={styles.summary}>
        <Button
          look="plain"
          className={styles.what}
          onClick={actions.changes.run}
          title={actions.changes.label}
        >
          {count === 0 ? "No changes" : <Count count={count} />}
          <span aria-hidden="true" className={styles.wide}>
            ▴
          </span>
          <span className="visually-hidden">: {actions.changes.label}</span>
        </Button>
        <span className={styles.names}>
          {count === 0 ? "the draft is what is in force" : `not applied — ${named(changes)}`}
        </span>
      </p>
      <Step action={undo} sign="↶" />
      <Step action={redo} sign="↷" />
      <BarButton action={discard}>Discard</BarButton>
      <Button look="primary" disabled={review.disabled !== null} onClick={review.run}>
        Review <span aria-hidden="true">→</span>
      </Button>
    </section>
  );
}

/** From here on the word gives way to the number where both would lie over the buttons. */
const MANY = 100;

function Count({ count }: { count: number }) {
  const [number, noun] = counted(count, "change").split(" ");
  return (
    <span>
      {number} <span className={count >= MANY ? styles.noun : undefined}>{noun}</span>
    </span>
  );
}

type BarButtonProps = { action: Action; children: ReactNode };

function BarButton({ action, children }: BarButtonProps) {
  const { disabled, run, label, group } = action;
  const key = keyOf(action);
  return (
    <Button
      look="plain"
      disabled={disabled !== null}
      title={disabled ?? (key ? `${label}: ${group} (${key})` : label)}
      onClick={run}
    >
      {children}
    </Button>
  );
}

/** A word, and on a phone its sign. */
function Step({ action, sign }: { action: Action; sign: string }) {
  return (
    <BarButton action={action}>
      <span className={styles.word}>{action.label}</span>
      <span className={styles.sign} aria-hidden="true">
        {sign}
      </span>
    </BarButton>
  );
}

/** "mail changed, office-web added, 12 more" */
function named(changes: FlowChange[]): string {
  const first = changes.slice(0, 3).map(({ name, change }) => `${name} ${CHANGE_WORDS[change]}`);
  if (changes.length > 3) first.push(`${(changes.length - 3).toLocaleString("en")} more`);
  return first.join(", ");
}

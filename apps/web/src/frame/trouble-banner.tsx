import { useMemo } from "react";
import { type Trouble, useDraft, useEdit, useOnline } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { counted } from "../ui/say.ts";
import { Banner } from "../ui/states.tsx";
import { useLate } from "../ui/use-late.ts";
import styles from "./frame.module.css";

/** What keeps edits from the server: somebody was quicker, a refusal, no connection. */
export function TroubleBanner() {
  const { trouble } = useDraft();
  const { letGo } = useEdit();
  const offline = useLate(!useOnline() || trouble?.kind === "offline", 1500);
  switch (trouble?.kind) {
    case "conflict":
      return <ConflictBanner {...trouble} />;
    case "clash":
      return <ClashBanner {...trouble} />;
    case "refused":
      return (
        <Banner
          tone="error"
          actions={
            <Button small look="plain" onClick={letGo}>
              Close
            </Button>
          }
        >
          <b>Not saved: {[trouble.label, ...trouble.lost].join(", ")}.</b>{" "}
          {trouble.diagnostics[0]?.message ?? trouble.message} {trouble.diagnostics[0]?.help}
        </Banner>
      );
  }
  if (!offline) return null;
  return (
    <Banner tone="warning">
      <b>No connection to the server.</b> The rules in the kernel stay in force. What you change here is kept
      and sent when it is back.
    </Banner>
  );
}

/** A stale write: theirs is on the screen, mine is kept, and the person chooses. */
function ConflictBanner({ by, kept }: Extract<Trouble, { kind: "conflict" }>) {
  const { reapplyMine, letGo } = useEdit();
  const mine = useMemo(() => [...new Set(kept.map(({ label }) => label))], [kept]);
  return (
    <Banner
      tone="warning"
      actions={
        <>
          <Button small onClick={reapplyMine}>
            Reapply mine
          </Button>
          <Button small look="plain" onClick={letGo}>
            Take theirs
          </Button>
        </>
      }
    >
      <b>{by} changed the draft first.</b> You see their version. Yours is kept: {mine.slice(0, 3).join(", ")}
      {mine.length > 3 ? ` and ${counted(mine.length - 3, "more change")}` : ""}.
    </Banner>
  );
}

/** What could not be put on top of theirs, item by item. */
function ClashBanner({ by, clashes }: Extract<Trouble, { kind: "clash" }>) {
  const { takeMine, takeTheirs, letGo } = useEdit();
  return (
    <Banner
      tone="warning"
      actions={
        <Button small look="plain" onClick={letGo}>
          Keep theirs of all
        </Button>
      }
    >
      <b>
        {counted(clashes.length, "item")} changed by you and by {by}.
      </b>{" "}
      Theirs stands; the rest of yours is in.
      <ul className={styles.clashes}>
        {clashes.map((clash) => (
          <li key={clash.key}>
            <span>
              <b>{clash.key}</b>: {clash.reason}
            </span>
            <Button
              small
              aria-label={`${clash.mine ? "Take mine" : "Remove it"}: ${clash.key}`}
              onClick={() => takeMine(clash)}
            >
              {clash.mine ? "Take mine" : "Remove it"}
            </Button>
            <Button
              small
              look="plain"
              aria-label={`Keep theirs: ${clash.key}`}
              onClick={() => takeTheirs(clash)}
            >
              Keep theirs
            </Button>
          </li>
        ))}
      </ul>
    </Banner>
  );
}

/** What waits for a choice: both changed, or text that a reload brought back. Nothing is dropped unasked. */
import { print } from "@flowmgr/flow-model";
import { createTwoFilesPatch } from "diff";
import { useState } from "react";
import { useDraft, useStore } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { DiffView } from "../ui/diff-view.tsx";
import { clock } from "../ui/say.ts";
import { Banner } from "../ui/states.tsx";
import styles from "./text.module.css";
import { textSession } from "./text-session.ts";

export function TextNotice() {
  const { conflict, restored } = useStore(textSession.view);
  if (conflict) return <Conflict {...conflict} />;
  if (restored === null) return null;
  return (
    <Banner
      tone="warning"
      actions={
        <Button small onClick={textSession.takeTheirs}>
          Drop it
        </Button>
      }
    >
      <b>Brought back:</b> the text that you typed here at {clock(restored)}. It is not in the draft.
    </Banner>
  );
}

function Conflict({ by, at, merges }: { by: string; at: string; merges: boolean }) {
  const [comparing, setComparing] = useState(false);
  return (
    <>
      <Banner
        tone="warning"
        actions={
          <div className={styles.choices}>
            <Button small aria-expanded={comparing} look="plain" onClick={() => setComparing(!comparing)}>
              Compare
            </Button>
            <Button small onClick={textSession.keepMine}>
              Keep mine
            </Button>
            <Button small onClick={textSession.takeTheirs}>
              Take theirs
            </Button>
          </div>
        }
      >
        <b>
          The draft was changed{at ? ` at ${clock(at)}` : ""} by {by}
        </b>{" "}
        while you typed. You see your text; theirs is in the draft.{" "}
        {merges
          ? "Keep mine puts what you changed on top of theirs; of what you both changed, yours stands."
          : "Keep mine replaces theirs."}
      </Banner>
      {comparing ? <Comparison /> : null}
    </>
  );
}

/** Theirs as the old side, mine as the new one. */
function Comparison() {
  const { config } = useDraft();
  const mine = textSession.state?.doc.toString() ?? "";
  if (!config) return null;
  const patch = createTwoFilesPatch("theirs", "mine", print(config), mine, "", "", { timeout: 1000 });
  return (
    <div className={styles.comparison}>
      {patch ? <DiffView patch={patch} /> : <p>The two differ in too much to compare here.</p>}
    </div>
  );
}

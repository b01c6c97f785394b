/** Discard and Apply. Apply is there always; when it cannot be pressed, the reason stands beside it. */
import { useId, useState } from "react";
import { Link } from "wouter";
import { useEdit, useStatus } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { counted } from "../ui/say.ts";
import { duration } from "./apply-form.tsx";
import styles from "./review.module.css";

type ApplyBarProps = {
  blocked: string | null;
  within: number;
  changes: number;
  apply: () => void;
};

export function ApplyBar({ blocked, within, changes, apply }: ApplyBarProps) {
  const id = useId();
  const host = useStatus().data?.target.kind === "host";
  const [asking, setAsking] = useState(false);
  return (
    <section className={styles.bar} aria-label="Apply">
      <p id={id} className={blocked ? styles.reason : styles.promise}>
        {blocked ??
          (within === 0
            ? "For good at once: no way back by itself."
            : `Back to the old rules by itself unless you confirm within ${duration(within)}.`)}
        {blocked?.includes("error") ? (
          <>
            {" "}
            <Link href="/text">Go to the text</Link>
          </>
        ) : null}
      </p>
      <Button look="plain" disabled={changes === 0} onClick={() => setAsking(true)}>
        Discard
      </Button>
      <Button
        look="primary"
        aria-disabled={blocked !== null}
        aria-describedby={id}
        onClick={() => (blocked === null ? apply() : undefined)}
      >
        {host ? "Apply to this machine" : "Apply"}
      </Button>
      {asking ? <DiscardDialog changes={changes} close={() => setAsking(false)} /> : null}
    </section>
  );
}

function DiscardDialog({ changes, close }: { changes: number; close: () => void }) {
  const { discard } = useEdit();
  return (
    <Dialog title={`Discard ${counted(changes, "change")}?`} close={close}>
      <p>The draft goes back to what is in force. Undo brings the changes back.</p>
      <div className={styles.answers}>
        <Button onClick={close}>Keep</Button>
        <Button
          look="danger"
          onClick={() => {
            discard();
            close();
          }}
        >
          Discard
        </Button>
      </div>
    </Dialog>
  );
}

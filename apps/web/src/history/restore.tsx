/** Brings a revision into the draft. Nothing reaches the kernel by it; that is the next apply's to do. */
import { useState } from "react";
import { useLocation } from "wouter";
import { type RevisionDetail, useEdit, useStatus } from "../api/index.ts";
import { type Action, useActions } from "../ui/actions.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { counted } from "../ui/say.ts";
import styles from "./history.module.css";

export function Restore({ revision }: { revision: RevisionDetail }) {
  const { replace } = useEdit();
  const [, go] = useLocation();
  const [asking, setAsking] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const changes = useStatus().data?.draft.changes ?? 0;
  function restore(): void {
    const refused = replace(revision.config, `restore revision ${revision.id}`);
    setAsking(false);
    if (refused) setRefusal(refused.message);
    else go("/review");
  }
  const action: Action = {
    id: "restore",
    label: "Restore into the draft",
    group: `Revision ${revision.id}`,
    disabled: null,
    run: () => (changes > 0 ? setAsking(true) : restore()),
  };
  useActions([action]);
  return (
    <div>
      <Button onClick={action.run}>{action.label}</Button>
      {refusal ? <p role="alert">{refusal}</p> : null}
      {asking ? (
        <Dialog title={`Restore revision ${revision.id} into the draft?`} close={() => setAsking(false)}>
          <p>
            {changes > 0
              ? `It replaces the draft with its ${counted(changes, "change")} that ${changes === 1 ? "is" : "are"} not applied. Undo brings ${changes === 1 ? "it" : "them"} back. `
              : null}
            The kernel keeps its rules until the next apply.
          </p>
          <div className={styles.answers}>
            <Button onClick={() => setAsking(false)}>Keep the draft</Button>
            <Button look="danger" onClick={restore}>
              Restore
            </Button>
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}

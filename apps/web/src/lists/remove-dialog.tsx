import { type Config, type List, usesOf } from "@flowmgr/flow-model";
import { dissolve, useEdit } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import styles from "./lists.module.css";
import { usedIn } from "./rows.ts";

type RemoveDialogProps = { list: List; config: Config; removed: () => void; close: () => void };

/** A list that is used cannot just go: its values can stand where its name stood. */
export function RemoveDialog({ list, config, removed, close }: RemoveDialogProps) {
  const { edit, undo } = useEdit();
  const uses = usesOf(config).get(list.name) ?? [];
  const step = `remove the list ${list.name}`;

  function remove() {
    const problem = edit(dissolve(config, list), step);
    close();
    if (problem) return notify({ text: `Cannot ${step}: ${problem.message}`, tone: "error" });
    removed();
    notify({ text: `List ${list.name} removed`, action: { label: "Undo", run: undo, undoes: step } });
  }

  return (
    <Dialog title={`Remove the list ${list.name}?`} close={close}>
      {uses.length === 0 ? (
        <p>No rule, no list and no expectation names it. Undo brings it back.</p>
      ) : (
        <p>
          It is used in {usedIn(uses)}. Its values will stand there in its place, so that everything means the
          same as before. Undo brings the list back.
        </p>
      )}
      <div className={styles.answers}>
        <Button onClick={close}>Cancel</Button>
        <Button look="danger" onClick={remove}>
          {uses.length === 0 ? "Remove" : "Put the values in and remove"}
        </Button>
      </div>
    </Dialog>
  );
}

import type { Flow } from "@flowmgr/flow-model";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { counted } from "../ui/say.ts";
import styles from "./dialogs.module.css";

/** Names shown one by one; of more the number is said. */
const NAMED = 20;

type RemoveProps = { flows: Flow[]; remove: () => void; close: () => void };

/** Asks before flows go: how many, and which. */
export function RemoveDialog({ flows, remove, close }: RemoveProps) {
  const what = counted(flows.length, "flow");
  const more = flows.length - NAMED;
  return (
    <Dialog title={`Remove ${what}?`} close={close}>
      <p>
        {flows
          .slice(0, NAMED)
          .map(({ name }) => name)
          .join(", ")}
        {more > 0 ? ` and ${more.toLocaleString("en")} more` : ""}
      </p>
      <p className={styles.quiet}>
        They leave the draft; the kernel keeps its rules until the next apply. Undo brings them back.
      </p>
      <div className={styles.answers}>
        <Button onClick={close}>Keep</Button>
        <Button
          look="danger"
          onClick={() => {
            remove();
            close();
          }}
        >
          Remove {what}
        </Button>
      </div>
    </Dialog>
  );
}

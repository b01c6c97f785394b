import { useEdit } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { counted } from "../ui/say.ts";
import styles from "./change-bar.module.css";
import { useChanges } from "./use-changes.ts";

/** Says in numbers what goes. */
export function DiscardDialog({ close }: { close: () => void }) {
  const { changes, headline } = useChanges();
  const { discard } = useEdit();
  return (
    <Dialog title={`Discard ${counted(changes.length, "change")}?`} close={close}>
      <p>
        This drops what you see under Review ({headline}). The draft goes back to what is in force; Undo
        brings the changes back.
      </p>
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

import { Fragment } from "react";
import { type Action, keyText, offeredActions } from "../ui/actions.ts";
import { Dialog } from "../ui/dialog.tsx";
import styles from "./dialogs.module.css";

/** The keys of all that can be done now. */
export function KeysDialog({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl className={styles.keys}>
        {offeredActions().map((action) => {
          const keys = keysOf(action);
          if (keys === "") return null;
          return (
            <Fragment key={action.id}>
              <dt>
                <kbd>{keys}</kbd>
              </dt>
              <dd>{action.label}</dd>
            </Fragment>
          );
        })}
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>Close; what you changed stays</dd>
      </dl>
    </Dialog>
  );
}

function keysOf({ keys, hint }: Action): string {
  return [...(keys ?? []).map(keyText), ...(hint ? [hint] : [])].join("  ");
}

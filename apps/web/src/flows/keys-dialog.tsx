import { Fragment } from "react";
import { Dialog } from "../ui/dialog.tsx";
import styles from "./dialogs.module.css";

const KEYS = [
  ["j  k", "next and previous flow"],
  ["Enter", "open"],
  ["Space", "switch on or off"],
  ["Alt+↑  Alt+↓", "move up or down"],
  ["n", "new flow after this one"],
  ["Delete", "remove"],
  ["/", "search"],
  ["Ctrl+C  Ctrl+V", "copy a flow as text, insert flow text"],
  ["Ctrl+Z  Ctrl+Shift+Z", "undo, redo"],
  ["Esc", "close; what you changed stays"],
];

export function KeysDialog({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys" close={close}>
      <dl className={styles.keys}>
        {KEYS.map(([key, what]) => (
          <Fragment key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}

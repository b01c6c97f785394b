import { useEffect, useId, useRef, useState } from "react";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import styles from "./dialogs.module.css";

/** Flow text pasted anywhere but into a field is inserted; Ctrl+C on a row gives its text. */
export function useClipboard(insert: (text: string) => string | null, copied: () => string | null): void {
  const current = useRef({ insert, copied });
  current.current = { insert, copied };
  useEffect(() => {
    function pasted(event: ClipboardEvent) {
      if (isField(event.target)) return;
      const text = event.clipboardData?.getData("text/plain").trim();
      if (!text) return;
      event.preventDefault();
      const problem = current.current.insert(text);
      if (problem) notify({ text: `Not inserted. ${problem}`, tone: "error" });
    }
    function copy(event: ClipboardEvent) {
      if (isField(event.target) || getSelection()?.isCollapsed === false) return;
      const text = current.current.copied();
      if (text === null) return;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
    }
    document.addEventListener("paste", pasted);
    document.addEventListener("copy", copy);
    return () => {
      document.removeEventListener("paste", pasted);
      document.removeEventListener("copy", copy);
    };
  }, []);
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest("input, textarea, select, dialog, [contenteditable=true]") !== null
  );
}

/** The button's way to paste: a field for the text, with what is wrong in it. */
export function PasteDialog({
  insert,
  close,
}: {
  insert: (text: string) => string | null;
  close: () => void;
}) {
  const id = useId();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <Dialog title="Paste flow text" close={close}>
      <textarea
        className={styles.text}
        aria-label="Flow text"
        aria-describedby={problem ? id : undefined}
        aria-invalid={problem !== null}
        rows={12}
        spellCheck={false}
        placeholder={"flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22"}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setProblem(null);
        }}
      />
      {problem ? (
        <p id={id} className={styles.problem} role="alert">
          {problem}
        </p>
      ) : null}
      <div className={styles.answers}>
        <Button onClick={close}>Cancel</Button>
        <Button
          look="primary"
          onClick={() => {
            const wrong = insert(text);
            if (wrong) setProblem(wrong);
            else close();
          }}
        >
          Insert
        </Button>
      </div>
    </Dialog>
  );
}

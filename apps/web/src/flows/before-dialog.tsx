import { type FormEvent, useId, useState } from "react";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Suggest } from "../ui/suggest.tsx";
import styles from "./dialogs.module.css";

type BeforeProps = {
  /** "mail", "3 flows" */
  what: string;
  /** The flows that it can go before. */
  others: string[];
  move: (before: string) => void;
  close: () => void;
};

/** Asks for the flow that something shall go before. */
export function BeforeDialog({ what, others, move, close }: BeforeProps) {
  const id = useId();
  const [before, setBefore] = useState("");
  const [problem, setProblem] = useState<string | null>(null);

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (!others.includes(before)) return setProblem(`No other flow is called ${before || "nothing"}.`);
    move(before);
    close();
  }

  return (
    <Dialog title={`Move ${what} before…`} close={close}>
      <form className={styles.form} onSubmit={submit}>
        <Suggest
          label="Flow"
          className={styles.input}
          value={before}
          set={(value) => {
            setBefore(value);
            setProblem(null);
          }}
          commit={() => {}}
          suggestions={others.map((value) => ({ value }))}
          errorId={problem ? id : undefined}
          autoFocus
        />
        {problem ? (
          <p id={id} className={styles.problem} role="alert">
            {problem}
          </p>
        ) : null}
        <div className={styles.answers}>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit">
            Move
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

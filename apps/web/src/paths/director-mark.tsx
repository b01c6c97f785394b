/** The mark of a director: what is in force, what the next apply makes of it, and a form that sets it by hand. */
import type { Director } from "@flowmgr/flow-api";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { get, keys, queryClient, useOnline } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/text-field.tsx";
import styles from "./paths.module.css";

export function DirectorMark({ director }: { director: Director }) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { name, mark, nextMark, byHand } = director;
  function close() {
    setOpen(false);
    // The form is gone, and the focus with it.
    setTimeout(() => button.current?.focus());
  }
  return (
    <>
      {mark === null ? null : (
        <div>
          {mark}
          {byHand && nextMark === mark ? <small className={styles.how}> by hand</small> : null}
        </div>
      )}
      {nextMark === null || nextMark === mark ? null : (
        <div className={styles.next}>
          {nextMark} <Link href="/review">at the next apply</Link>
        </div>
      )}
      {open ? (
        <MarkForm director={director} close={close} />
      ) : (
        <Button ref={button} look="link" small onClick={() => setOpen(true)}>
          Set mark<span className="visually-hidden"> of {name}</span>
        </Button>
      )}
    </>
  );
}

function MarkForm({ director, close }: { director: Director; close: () => void }) {
  const { name, mark, nextMark, byHand } = director;
  const [text, setText] = useState(nextMark ?? mark ?? "");
  const [problem, setProblem] = useState<string | undefined>();
  const [sending, setSending] = useState(false);
  const online = useOnline();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("input")?.select(), []);
  async function send(wanted: string | null): Promise<void> {
    setSending(true);
    setProblem(undefined);
    try {
      await get<Director>(`/directors/${encodeURIComponent(name)}`, {
        method: "PUT",
        body: { mark: wanted },
      });
      const stale = [keys.paths, keys.status, ["plan"]];
      await Promise.all(stale.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "No answer.");
      setSending(false);
    }
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    void send(text.trim());
  }
  return (
    <form
      ref={form}
      className={styles.markForm}
      aria-label={`Mark of ${name}`}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <TextField label="Mark" live value={text} placeholder="0x300" problem={problem} commit={setText} />
      <p className={styles.quiet}>From the next apply on. The IPVS service must wait for the same mark.</p>
      <div className={styles.markActions}>
        <Button small look="primary" type="submit" disabled={sending || !online || text.trim() === ""}>
          Set
        </Button>
        {byHand ? (
          <Button small disabled={sending || !online} onClick={() => void send(null)}>
            Any mark will do
          </Button>
        ) : null}
        <Button small look="plain" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

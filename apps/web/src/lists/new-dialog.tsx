import { type Config, type Diagnostic, type List, listsOf } from "@flowmgr/flow-model";
import { type FormEvent, useDeferredValue, useId, useMemo, useState } from "react";
import { checkItem, useEdit } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Lines } from "../ui/lines.tsx";
import { byValue, Problems, problemAt } from "../ui/problems.tsx";
import { TextField } from "../ui/text-field.tsx";
import styles from "./lists.module.css";
import { twins } from "./use-list.ts";

type NewDialogProps = { config: Config; made: (name: string) => void; close: () => void };

/** A list is its name and its values: without either there is none, so it is asked for both. */
export function NewDialog({ config, made, close }: NewDialogProps) {
  const { edit } = useEdit();
  const id = useId();
  const [list, setList] = useState<List>({ kind: "list", name: "", values: [], comment: [], note: "" });
  const [asked, setAsked] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  // A key in the name does not wait until a hundred thousand values are checked.
  const judged = useDeferredValue(list);
  const diagnostics = useMemo(() => wrongWith(judged, config), [judged, config]);
  const shown = useMemo(() => {
    if (!asked && judged.values.length === 0) return [];
    return diagnostics.filter(({ path }) => path === "" || path?.startsWith("/values"));
  }, [asked, judged, diagnostics]);
  const problems = useMemo(() => byValue(shown, ""), [shown]);

  function submit(event: FormEvent) {
    event.preventDefault();
    setAsked(true);
    if (wrongWith(list, config).some(({ severity }) => severity === "error")) return;
    const lists = listsOf(config);
    const place = lists.length > 0 ? { after: `@${lists.at(-1)?.name}` } : { position: 1 };
    const problem = edit([{ do: "add", item: list, ...place }], `add the list ${list.name}`);
    if (problem) return setRefused(problem.message);
    close();
    made(list.name);
  }

  return (
    <Dialog title="New list" close={close}>
      <form className={styles.form} onSubmit={submit}>
        <TextField
          label="Name"
          live
          value={list.name}
          commit={(name) => setList((now) => ({ ...now, name: name.trim().replace(/^@/, "") }))}
          problem={asked || list.name !== "" ? problemAt(diagnostics, "/name") : undefined}
        />
        <div className={styles.values}>
          <span className={styles.label}>Values: addresses or ports, not both</span>
          <Lines
            label="Values"
            live
            values={list.values}
            set={(values) => setList((now) => ({ ...now, values }))}
            problems={problems}
            errorId={shown.length > 0 ? id : undefined}
          />
          <Problems id={id} diagnostics={shown} />
        </div>
        {refused ? <p role="alert">{refused}</p> : null}
        <div className={styles.answers}>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit">
            Add the list
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function wrongWith(list: List, config: Config): Diagnostic[] {
  return [...checkItem(list, config), ...twins(list, listsOf(config), null)];
}

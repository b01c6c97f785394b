/** New from template: choose one, fill its blanks, insert it as one step. */
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { type FormEvent, useId, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { directorSuggestions, tableSuggestions, useDraft, useEdit, useStatus } from "../api/index.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { notify } from "../ui/notices.tsx";
import { counted } from "../ui/say.ts";
import { Suggest, type Suggestion } from "../ui/suggest.tsx";
import { ALL_TEMPLATES, defaultsOf, editsOf, problemsOf, textOf } from "./fill.ts";
import styles from "./templates.module.css";
import type { BlankKind, Template } from "./templates.ts";

type TemplatesProps = {
  /** Why nothing can be inserted now; null when it can. */
  locked: string | null;
  close: () => void;
};

export function Templates({ locked, close }: TemplatesProps) {
  const [chosen, choose] = useState<Template | null>(null);
  return (
    <Dialog title={chosen?.title ?? "New from template"} close={close}>
      {chosen ? (
        <Form template={chosen} locked={locked} back={() => choose(null)} close={close} />
      ) : (
        <ul className={styles.list}>
          {ALL_TEMPLATES.map((template) => (
            <li key={template.id}>
              <button type="button" onClick={() => choose(template)}>
                <b>{template.title}</b>
                <span>{template.sentence}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

type FormProps = TemplatesProps & { template: Template; back: () => void };

function Form({ template, locked, back, close }: FormProps) {
  const [filled, setFilled] = useState(() => defaultsOf(template));
  const draft = useDraft().config ?? EMPTY_CONFIG;
  const problems = useMemo(() => problemsOf(template, filled, draft), [template, filled, draft]);
  const insert = useInsert(template, close);
  const wrong = Object.keys(problems).length;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (wrong === 0 && locked === null) insert(filled);
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <p className={styles.sentence}>{template.sentence}</p>
      {template.blanks.map(({ id, label, kind }, index) => (
        <BlankField
          key={id}
          label={label}
          kind={kind}
          value={filled[id] ?? ""}
          set={(value) => setFilled((now) => ({ ...now, [id]: value }))}
          problem={problems[id]}
          autoFocus={index === 0}
        />
      ))}
      <pre className={styles.text}>{textOf(template, filled)}</pre>
      {locked ? (
        <p className={styles.problem} role="alert">
          {locked}
        </p>
      ) : null}
      <div className={styles.answers}>
        <Button onClick={back}>Back</Button>
        <Button
          look="primary"
          type="submit"
          disabled={wrong > 0 || locked !== null}
          autoFocus={template.blanks.length === 0}
        >
          Insert
        </Button>
      </div>
    </form>
  );
}

function useInsert(template: Template, close: () => void) {
  const { config } = useDraft();
  const { edit, undo } = useEdit();
  const [, go] = useLocation();
  return (filled: Record<string, string>) => {
    const { edits, names } = editsOf(template, filled, config ?? EMPTY_CONFIG);
    const what = names.length === 1 ? names[0] : counted(names.length, "flow");
    const label = `add ${what} from a template`;
    const problem = edit(edits, label);
    close();
    if (problem) return notify({ text: `Cannot ${label}: ${problem.message}`, tone: "error" });
    go(names.length === 1 ? `/flows/${encodeURIComponent(names[0] ?? "")}` : "/flows");
    notify({ text: `Added ${names.join(", ")}`, action: { label: "Undo", run: undo, undoes: label } });
  };
}

type BlankProps = {
  label: string;
  kind: BlankKind;
  value: string;
  set: (value: string) => void;
  problem: string | undefined;
  autoFocus: boolean;
};

function BlankField({ label, kind, value, set, problem, autoFocus }: BlankProps) {
  const id = useId();
  const suggestions = useSuggestions(kind);
  return (
    <div className={styles.field}>
      <span className={styles.label} aria-hidden="true">
        {label}
      </span>
      <Suggest
        label={label}
        className={styles.input}
        value={value}
        set={set}
        commit={() => {}}
        suggestions={suggestions}
        errorId={problem ? id : undefined}
        autoFocus={autoFocus}
      />
      {problem ? (
        <p id={id} className={styles.problem} role="alert">
          {problem}
        </p>
      ) : null}
    </div>
  );
}

function useSuggestions(kind: BlankKind): Suggestion[] {
  const status = useStatus().data;
  const { config } = useDraft();
  const lists = (config?.items ?? []).flatMap((item) => (item.kind === "list" ? [item.name] : []));
  switch (kind) {
    case "addresses":
      return lists.map((name) => ({ value: `@${name}`, detail: "list" }));
    case "list":
      return lists.map((value) => ({ value, detail: "there already: used as it is" }));
    case "director":
      return directorSuggestions(status);
    case "table":
      return tableSuggestions(status);
  }
}

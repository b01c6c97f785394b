import type { Status } from "@flowmgr/flow-api";
import type { Action, ConditionKind, Config, Flow } from "@flowmgr/flow-model";
import { type FormEvent, type ReactNode, useMemo, useState } from "react";
import { KIND_LABELS } from "../rule/conditions.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { counted } from "../ui/say.ts";
import { Suggest } from "../ui/suggest.tsx";
import { type FieldChange, type Preview, preview, type REPLACE_IN, readValues } from "./bulk-change.ts";
import styles from "./bulk-change-dialog.module.css";
import { suggestionsOf } from "./bulk-suggestions.ts";
import dialogs from "./dialogs.module.css";

type Form = {
  do: FieldChange["do"];
  action: Action["action"];
  kind: ConditionKind;
  in: keyof typeof REPLACE_IN;
  everywhere: boolean;
  value: string;
  to: string;
};

const START: Form = {
  do: "replace",
  action: "permit",
  kind: "dst",
  in: "address",
  everywhere: false,
  value: "",
  to: "",
};

const DOES: { [K in FieldChange["do"]]: string } = {
  replace: "Replace a value",
  set: "Set a condition",
  remove: "Remove a condition",
  policy: "Set the policy",
};

const REPLACES: { [K in keyof typeof REPLACE_IN]: string } = {
  address: "from or to address",
  port: "source or destination port",
  src: KIND_LABELS.src,
  dst: KIND_LABELS.dst,
  iface: KIND_LABELS.iface,
  proto: KIND_LABELS.proto,
  icmptype: KIND_LABELS.icmptype,
  state: KIND_LABELS.state,
};

const ACTIONS: { [K in Action["action"]]: string } = {
  permit: "permit",
  deny: "deny",
  director: "director",
  table: "table",
};

type ChangeDialogProps = {
  flows: Flow[];
  config: Config;
  status: Status | undefined;
  change: (preview: Preview) => void;
  close: () => void;
};

/** One field of many flows: what to change, what that comes to, and only then the button. */
export function ChangeDialog({ flows, config, status, change, close }: ChangeDialogProps) {
  const [form, setForm] = useState<Form>(START);
  const set = (part: Partial<Form>) => setForm({ ...form, ...part });
  const wanted = useMemo(() => changeOf(form), [form]);
  const shown = useMemo(() => (wanted ? preview(config, flows, wanted) : null), [config, flows, wanted]);
  const ready = shown !== null && shown.problem === null && shown.flows > 0;

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!ready) return;
    change(shown);
    close();
  }
  return (
    <Dialog title={`Change ${counted(flows.length, "flow")}`} close={close}>
      <form className={dialogs.form} onSubmit={submit}>
        <Choice
          label="What"
          value={form.do}
          words={DOES}
          set={(value) => set({ do: value, value: "", to: "" })}
        />
        <Fields form={form} set={set} flows={flows} config={config} status={status} />
        <Outcome preview={shown} flows={flows.length} />
        <div className={dialogs.answers}>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit" aria-disabled={!ready || undefined}>
            {shown && shown.flows > 0 ? `Change ${counted(shown.flows, "flow")}` : "Change"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What the form says; null while something is missing. */
function changeOf({ do: what, action, kind, in: field, everywhere, value, to }: Form): FieldChange | null {
  const typed = value.trim();
  switch (what) {
    case "policy":
      if (action === "permit" || action === "deny") return { do: what, policy: { action } };
      if (typed === "") return null;
      return {
        do: what,
        policy: action === "director" ? { action, director: typed } : { action, table: typed },
      };
    case "set": {
      const condition = readValues(value);
      return condition && { do: what, kind, condition, everywhere };
    }
    case "remove":
      return { do: what, kind };
    case "replace":
      return typed === "" || to.trim() === "" ? null : { do: what, in: field, from: typed, to: to.trim() };
  }
}

type FieldsProps = {
  form: Form;
  set: (part: Partial<Form>) => void;
  flows: Flow[];
  config: Config;
  status: Status | undefined;
};

function Fields({ form, set, flows, config, status }: FieldsProps) {
  const values = useMemo(
    () =>
      suggestionsOf(form.do === "policy" ? form.action : form.do === "replace" ? form.in : form.kind, {
        flows,
        config,
        status,
      }),
    [form.do, form.action, form.in, form.kind, flows, config, status],
  );
  const text = (label: string, part: "value" | "to", suggestions = values.known) => (
    <Field label={label}>
      <Suggest
        label={label}
        className={dialogs.input}
        value={form[part]}
        set={(value) => set({ [part]: value })}
        commit={() => {}}
        suggestions={suggestions}
      />
    </Field>
  );
  switch (form.do) {
    case "policy":
      return (
        <>
          <Choice
            label="Policy"
            value={form.action}
            words={ACTIONS}
            set={(action) => set({ action, value: "" })}
          />
          {form.action === "director" || form.action === "table" ? text("Name", "value") : null}
        </>
      );
    case "remove":
      return <Choice label="Condition" value={form.kind} words={KIND_LABELS} set={(kind) => set({ kind })} />;
    case "replace":
      return (
        <>
          <Choice
            label="In"
            value={form.in}
            words={REPLACES}
            set={(field) => set({ in: field, value: "", to: "" })}
          />
          {text("This value", "value", values.used)}
          {text("By this one", "to")}
        </>
      );
    case "set":
      return (
        <>
          <Choice
            label="Condition"
            value={form.kind}
            words={KIND_LABELS}
            set={(kind) => set({ kind, value: "" })}
          />
          {text("Value", "value")}
          <Choice
            label="Where"
            value={form.everywhere ? "all" : "have"}
            words={{ have: "in all rules that have it", all: "in all rules" }}
            set={(where) => set({ everywhere: where === "all" })}
          />
        </>
      );
  }
}

type ChoiceProps<V extends string> = {
  label: string;
  value: V;
  words: { [K in V]: string };
  set: (value: V) => void;
};

function Choice<V extends string>({ label, value, words, set }: ChoiceProps<V>) {
  const isOne = (word: string): word is V => Object.hasOwn(words, word);
  return (
    <Field label={label}>
      <select
        aria-label={label}
        className={styles.select}
        value={value}
        onChange={({ target }) => isOne(target.value) && set(target.value)}
      >
        {Object.entries<string>(words).map(([word, text]) => (
          <option key={word} value={word}>
            {text}
          </option>
        ))}
      </select>
    </Field>
  );
}

function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={styles.field}>
      <span aria-hidden="true">{label}</span>
      {children}
    </div>
  );
}

/** How much would change, the first lines of it, or why it cannot be. */
function Outcome({ preview: shown, flows }: { preview: Preview | null; flows: number }) {
  return (
    <div className={styles.outcome} role="status">
      {shown === null ? <p className={styles.quiet}>Nothing to change yet.</p> : null}
      {shown?.problem ? <p className={dialogs.problem}>Not possible. {shown.problem}</p> : null}
      {shown && !shown.problem ? <Changes preview={shown} rest={flows - shown.flows} /> : null}
    </div>
  );
}

function Changes({ preview: { flows, rules, examples }, rest }: { preview: Preview; rest: number }) {
  const inRules = rules === 0 ? "" : `, ${counted(rules, "rule")}`;
  return (
    <>
      <p>
        <b>{flows === 0 ? "Nothing changes." : `To change: ${counted(flows, "flow")}${inRules}.`}</b>
        {flows > 0 && rest > 0 ? ` ${counted(rest, "flow")} stay${rest === 1 ? "s" : ""} the same.` : ""}
      </p>
      {examples.map(({ flow, before, after }, index) => (
        <p key={`${flow} ${before}`} className={styles.example}>
          {flow === examples[index - 1]?.flow ? null : <span>{flow}</span>}
          <del>{before}</del>
          <ins>{after}</ins>
        </p>
      ))}
    </>
  );
}

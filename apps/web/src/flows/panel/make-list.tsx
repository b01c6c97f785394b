import { type ConditionKind, type Config, type Diagnostic, type Flow, listsOf } from "@flowmgr/flow-model";
import { type FormEvent, useState } from "react";
import { checkItem, type Edited } from "../../api/index.ts";
import { asList } from "../../rule/conditions.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { problemAt } from "../../ui/problems.tsx";
import { counted } from "../../ui/say.ts";
import { TextField } from "../../ui/text-field.tsx";
import dialogStyles from "../dialogs.module.css";
import { freeName } from "../names.ts";

type MakeListProps = {
  edited: Edited<Flow>;
  config: Config;
  /** Of the rule, from 0. */
  index: number;
  kind: ConditionKind;
  close: () => void;
};

/** Gives the values of a condition a name, so that other rules can use them too. One step of Undo. */
export function MakeListDialog({ edited, config, index, kind, close }: MakeListProps) {
  const { item: flow, set } = edited;
  const rule = flow.rules[index];
  const taken = new Set(listsOf(config).map(({ name }) => name));
  const [name, setName] = useState(() => freeName(flow.name, taken));
  if (!rule?.conditions[kind]) return null;
  const made = asList(rule, kind, name);
  const wrong = checkItem(made.list, config);
  const problem = taken.has(name)
    ? `There is a list ${name} already. Choose another name.`
    : (problemAt(wrong, "/name") ?? valueProblem(wrong));

  function submit(event: FormEvent) {
    event.preventDefault();
    if (problem) return;
    const rules = flow.rules.with(index, made.rule);
    set({ ...flow, rules }, `make the list ${name}`, [{ do: "add", item: made.list, position: 1 }]);
    close();
  }

  return (
    <Dialog title={`Make a list of ${counted(made.list.values.length, "value")}`} close={close}>
      <form className={dialogStyles.form} onSubmit={submit}>
        <TextField live label="Name of the list" value={name} commit={setName} problem={problem} />
        <p>
          Rule {index + 1} of {flow.name} will say <code>@{name}</code> instead of them; other rules can say
          it too.
        </p>
        <div className={dialogStyles.answers}>
          <Button onClick={close}>Cancel</Button>
          <Button look="primary" type="submit">
            Make the list
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** A value that no list can hold stays where it can be mended. */
function valueProblem(diagnostics: readonly Diagnostic[]): string | undefined {
  const error = diagnostics.find(({ severity }) => severity === "error");
  return error && `Mend the values first: ${error.message}.`;
}

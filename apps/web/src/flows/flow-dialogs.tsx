import type { Status } from "@flowmgr/flow-api";
import type { Config, Flow } from "@flowmgr/flow-model";
import { useEdit } from "../api/index.ts";
import { notify } from "../ui/notices.tsx";
import { counted } from "../ui/say.ts";
import type { FlowActions } from "./actions.ts";
import { BeforeDialog } from "./before-dialog.tsx";
import { moveEdits, removeEdits } from "./bulk.ts";
import { ChangeDialog } from "./bulk-change-dialog.tsx";
import { RemoveDialog } from "./bulk-dialogs.tsx";
import { KeysDialog } from "./keys-dialog.tsx";

/** What the list asks a person; the last three are about the selected flows. */
export type Asking =
  | { kind: "keys" }
  | { kind: "before"; name: string }
  | { kind: "selected-before" }
  | { kind: "selected-change" }
  | { kind: "selected-remove" };

type DialogsProps = {
  asking: Asking | null;
  close: () => void;
  actions: FlowActions;
  selected: Flow[];
  config: Config;
  status: Status | undefined;
  /** The selected flows are gone. */
  removed: () => void;
};

export function FlowDialogs({ asking, close, actions, selected, config, status, removed }: DialogsProps) {
  const { undo } = useEdit();
  const what = counted(selected.length, "flow");
  const names = new Set(selected.map(({ name }) => name));
  /** Several edits as one step, and the way back from it. */
  function change(edits: Parameters<FlowActions["change"]>[0], step: string, done: string): boolean {
    const happened = actions.change(edits, step);
    if (happened) notify({ text: done, action: { label: "Undo", run: undo, undoes: step } });
    return happened;
  }
  switch (asking?.kind) {
    case undefined:
      return null;
    case "keys":
      return <KeysDialog close={close} />;
    case "before": {
      const { name } = asking;
      return (
        <BeforeDialog
          what={name}
          others={actions.names.filter((other) => other !== name)}
          move={(before) => actions.move(name, { before }, `before ${before}`)}
          close={close}
        />
      );
    }
    case "selected-before":
      return (
        <BeforeDialog
          what={what}
          others={actions.names.filter((other) => !names.has(other))}
          move={(before) =>
            actions.change(moveEdits(names, actions.names, { before }), `move ${what} before ${before}`)
          }
          close={close}
        />
      );
    case "selected-change":
      return (
        <ChangeDialog
          flows={selected}
          config={config}
          status={status}
          change={({ edits, flows }) => {
            const changed = counted(flows, "flow");
            change(edits, `change ${changed}`, `${changed} changed`);
          }}
          close={close}
        />
      );
    case "selected-remove":
      return (
        <RemoveDialog
          flows={selected}
          remove={() => {
            if (change(removeEdits(selected), `remove ${what}`, `${what} removed`)) removed();
          }}
          close={close}
        />
      );
  }
}

import type { Config } from "@flowmgr/flow-model";
import type { MenuEntry } from "../ui/menu.tsx";
import type { FlowActions } from "./actions.ts";
import type { Row } from "./rows.ts";

type MenuOf = {
  row: Row;
  actions: FlowActions;
  running: Config | null;
  /** Asks for the flow that it shall go before. */
  askBefore: (name: string) => void;
};

/** Everything that can be done to one flow, with its key. */
export function flowMenu({ row, actions, running, askBefore }: MenuOf): MenuEntry[] {
  const { flow, change } = row;
  const { name } = flow;
  if (change === "removed") {
    return [
      { label: "Restore", run: () => running && actions.restore(flow, running) },
      { label: "Copy text", hint: "Ctrl+C", run: () => void actions.copy(flow) },
    ];
  }
  const at = actions.names.indexOf(name);
  const first = at === 0;
  const last = at === actions.names.length - 1;
  return [
    { label: "Open", hint: "Enter", run: () => actions.open(name) },
    {
      label: flow.skipped ? "Switch on" : "Switch off",
      hint: "Space",
      run: () => actions.switchOn(name, flow.skipped),
    },
    "line",
    { label: "Move up", hint: "Alt+↑", disabled: first, run: () => actions.step(name, -1) },
    { label: "Move down", hint: "Alt+↓", disabled: last, run: () => actions.step(name, 1) },
    {
      label: "Move to top",
      disabled: first,
      run: () => actions.move(name, { position: 1 }, "to the top"),
    },
    {
      label: "Move to end",
      disabled: last,
      run: () => actions.move(name, {}, "to the end"),
    },
    { label: "Move before…", disabled: first && last, run: () => askBefore(name) },
    "line",
    { label: "New flow after", hint: "n", run: () => actions.add(name) },
    { label: "Duplicate", run: () => actions.duplicate(flow) },
    { label: "Copy text", hint: "Ctrl+C", run: () => void actions.copy(flow) },
    "line",
    { label: "Remove", danger: true, run: () => actions.remove(name) },
  ];
}

/** What can be done to the selected flows: values, for the bar, its menu, keys and the palette. */
import { type Flow, printFlow } from "@flowmgr/flow-model";
import type { Action } from "../ui/actions.ts";
import { copyText } from "../ui/clipboard.ts";
import { counted } from "../ui/say.ts";
import type { FlowActions } from "./actions.ts";
import { duplicateEdits, type Gap, moveEdits, namesText, stepGap, switchEdits } from "./bulk.ts";

export type BulkSteps = {
  /** Selected and in sight, in the list's order. */
  flows: Flow[];
  actions: FlowActions;
  askBefore: () => void;
  askChange: () => void;
  askRemove: () => void;
  /** Says what happened to whoever cannot see it. */
  announce: (text: string) => void;
};

export type BulkActions = ReturnType<typeof bulkActions>;

export function bulkActions(steps: BulkSteps) {
  const { flows, actions, announce } = steps;
  const what = counted(flows.length, "flow");
  const action = (label: string, disabled: string | null, run: () => void, ...keys: string[]): Action => {
    return { id: `selected ${label}`, label, group: what, keys, disabled: actions.locked ?? disabled, run };
  };
  const switching = (on: boolean) => () => {
    const edits = switchEdits(flows, on);
    if (actions.change(edits, `switch ${counted(edits.length, "flow")} ${on ? "on" : "off"}`))
      announce(`${counted(edits.length, "flow")} switched ${on ? "on" : "off"}`);
  };
  const allOn = flows.every(({ skipped }) => !skipped);
  const noPolicy = flows.filter(({ policy }) => policy === null).map(({ name }) => name);
  const cannotSwitchOn = allOn
    ? "All of them are on."
    : noPolicy.length > 0
      ? `${namesText(noPolicy)} ${noPolicy.length === 1 ? "has" : "have"} no policy that could be switched on.`
      : null;
  const allOff = flows.every(({ skipped }) => skipped) ? "All of them are off." : null;
  return {
    on: action("Switch on", cannotSwitchOn, switching(true), ...(allOff ? [" "] : [])),
    off: action("Switch off", allOff, switching(false), ...(allOff ? [] : [" "])),
    ...moves(steps, action),
    change: action("Change a field…", null, steps.askChange),
    duplicate: action("Duplicate", null, () => {
      const { edits, names } = duplicateEdits(flows, actions.names);
      if (actions.change(edits, `duplicate ${what}`)) announce(`Copied as ${namesText(names)}`);
    }),
    copy: {
      ...action("Copy text", null, () => void copyText(textOf(flows), `${what} copied as text`)),
      hint: "Ctrl+C",
      disabled: null,
    },
    remove: { ...action("Remove…", null, steps.askRemove, "Delete"), danger: true },
  } satisfies { [name: string]: Action };
}

type Make = (label: string, disabled: string | null, run: () => void, ...keys: string[]) => Action;

function moves({ flows, actions, askBefore, announce }: BulkSteps, action: Make) {
  const moved = new Set(flows.map(({ name }) => name));
  const others = actions.names.length - moved.size;
  const alone = others === 0 ? "There is no other flow." : null;
  const move = (label: string, gap: Gap | null, where: string, ...keys: string[]) => {
    const edits = gap === null ? [] : moveEdits(moved, actions.names, gap);
    const run = () => {
      if (actions.change(edits, `move ${counted(flows.length, "flow")} ${where}`)) announce(`Moved ${where}`);
    };
    return action(label, edits.length === 0 ? "That is where they are." : null, run, ...keys);
  };
  return {
    up: move("Move up", stepGap(moved, actions.names, -1), "up", "Alt+ArrowUp"),
    down: move("Move down", stepGap(moved, actions.names, 1), "down", "Alt+ArrowDown"),
    top: move("Move to top", "top", "to the top"),
    end: move("Move to end", "end", "to the end"),
    before: action("Move before…", alone, askBefore),
  };
}

export function textOf(flows: Flow[]): string {
  return flows.map((flow) => `${printFlow(flow)}\n`).join("\n");
}

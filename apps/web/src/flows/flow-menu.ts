import type { Config } from "@flowmgr/flow-model";
import { type Action, menuOf } from "../ui/actions.ts";
import type { MenuEntry } from "../ui/menu.tsx";
import type { FlowActions } from "./actions.ts";
import type { Row } from "./rows.ts";

type ActionsOf = {
  row: Row;
  actions: FlowActions;
  running: Config | null;
  /** Asks for the flow that it shall go before. */
  askBefore: (name: string) => void;
  /** Selects it, where a list is there to select in. */
  select?: (name: string, range: boolean) => void;
};

export const NO_POLICY = "It has no policy that could be switched on.";

/** Everything that can be done to one flow, for its menu. */
export function flowMenu(of: ActionsOf): MenuEntry[] {
  return menuOf(...flowActions(of));
}

/** Everything that can be done to one flow, in parts that belong together. */
export function flowActions(of: ActionsOf): Action[][] {
  const { row, actions, running, select } = of;
  const { flow, change } = row;
  const { name } = flow;
  if (change === "removed") {
    const restore = () => running && actions.restore(flow, running);
    return [[action(name, "Restore", restore, actions.locked), copyOf(of)]];
  }
  const noPolicy = flow.policy === null ? NO_POLICY : null;
  return [
    [
      action(name, "Open", () => actions.open(name), null, "Enter"),
      action(
        name,
        flow.skipped ? "Switch on" : "Switch off",
        () => actions.switchOn(name, flow.skipped),
        actions.locked ?? noPolicy,
        " ",
      ),
      ...(select ? [action(name, "Select", () => select(name, false), null, "x")] : []),
    ],
    Object.values(movesOf(of)),
    [
      action(name, "New flow after", () => actions.add(name), actions.locked, "n"),
      action(name, "Show in the text", () => actions.openText(name), null),
      action(name, "Duplicate", () => actions.duplicate(flow), actions.locked),
      copyOf(of),
    ],
    [{ ...action(name, "Remove", () => actions.remove(name), actions.locked, "Delete"), danger: true }],
  ];
}

/** Where one flow can go. */
export function movesOf({ row, actions, askBefore }: Pick<ActionsOf, "row" | "actions" | "askBefore">) {
  const { name } = row.flow;
  const at = actions.names.indexOf(name);
  const first = actions.locked ?? (at === 0 ? "It is the first flow." : null);
  const last = actions.locked ?? (at === actions.names.length - 1 ? "It is the last flow." : null);
  const alone = actions.locked ?? (actions.names.length < 2 ? "It is the only flow." : null);
  return {
    up: action(name, "Move up", () => actions.step(name, -1), first, "Alt+ArrowUp"),
    down: action(name, "Move down", () => actions.step(name, 1), last, "Alt+ArrowDown"),
    top: action(name, "Move to top", () => actions.move(name, { position: 1 }, "to the top"), first),
    end: action(name, "Move to end", () => actions.move(name, {}, "to the end"), last),
    before: action(name, "Move before…", () => askBefore(name), alone),
  } satisfies { [name: string]: Action };
}

function copyOf({ row, actions }: ActionsOf): Action {
  const { flow } = row;
  return { ...action(flow.name, "Copy text", () => void actions.copy(flow), null), hint: "Ctrl+C" };
}

function action(
  flow: string,
  label: string,
  run: () => void,
  disabled: string | null,
  ...keys: string[]
): Action {
  return { id: `flow ${label}`, label, group: flow, keys, disabled, run };
}

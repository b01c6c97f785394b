import type { Action } from "../ui/actions.ts";

/** What the list of flows offers beside what can be done to one flow. */
export type PlaceSteps = {
  /** Why nothing can be changed now; null when it can. */
  locked: string | null;
  add: () => void;
  addOut: () => void;
  next: () => void;
  previous: () => void;
  selectNext: () => void;
  selectPrevious: () => void;
  selectAll: () => void;
  search: () => void;
  keys: () => void;
};

/** `rowAdds`: a flow is chosen, and "n" makes a new one after it. */
export function placeActions(steps: PlaceSteps, rowAdds: boolean) {
  const action = (label: string, run: () => void, ...keys: string[]): Action => {
    return { id: `flows ${label}`, label, group: "Flows", keys, disabled: null, run };
  };
  return {
    add: { ...action("New flow", steps.add, ...(rowAdds ? [] : ["n"])), disabled: steps.locked },
    addOut: { ...action("New outflow", steps.addOut), disabled: steps.locked },
    search: action("Search flows", steps.search, "/"),
    next: action("Next flow", steps.next, "j", "ArrowDown"),
    previous: action("Previous flow", steps.previous, "k", "ArrowUp"),
    selectNext: action("Select to the next flow", steps.selectNext, "Shift+ArrowDown", "Shift+j"),
    selectPrevious: action("Select to the previous flow", steps.selectPrevious, "Shift+ArrowUp", "Shift+k"),
    selectAll: action("Select all shown", steps.selectAll, "Ctrl+a"),
    keys: action("Keys", steps.keys, "?"),
  } satisfies { [name: string]: Action };
}

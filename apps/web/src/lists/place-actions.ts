import type { Action } from "../ui/actions.ts";

type PlaceSteps = {
  /** Why nothing can be changed now; null when it can. */
  locked: string | null;
  add: () => void;
  search: () => void;
  /** The list whose panel is open. */
  opened: string | null;
  remove: () => void;
};

/** What the place of lists offers, for its buttons, keys and the palette. */
export function placeActions({ locked, add, search, opened, remove }: PlaceSteps) {
  const action = (label: string, run: () => void, ...keys: string[]): Action => {
    return { id: `lists ${label}`, label, group: "Lists", keys, disabled: null, run };
  };
  const ofOpened: Action[] =
    opened === null
      ? []
      : [{ ...action("Remove…", remove), group: `@${opened}`, disabled: locked, danger: true }];
  return {
    add: { ...action("New list", add, "n"), disabled: locked },
    search: action("Search lists", search, "/"),
    ofOpened,
  };
}

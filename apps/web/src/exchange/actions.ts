import type { Action } from "../ui/actions.ts";
import { exchange } from "./asking.ts";

/** Import and export, for menus and the palette. `after`: the flow that is selected. */
export function exchangeActions(after: string | null = null): { bring: Action; take: Action } {
  const action = (label: string, run: () => void): Action => {
    return { id: `exchange ${label}`, label, group: "Config", disabled: null, run };
  };
  return {
    bring: action("Import…", () => exchange.set({ kind: "import", text: "", after })),
    take: action("Export…", () => exchange.set({ kind: "export" })),
  };
}

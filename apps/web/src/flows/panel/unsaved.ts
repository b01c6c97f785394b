/**
 * Flows as they stand in the panel while something in them keeps them from the draft: typed, invalid, not lost.
 * Kept in the browser's storage for this tab, so that closing the panel or reloading the page loses nothing.
 */
import type { Flow } from "@flowmgr/flow-model";
import { createStore } from "../../ui/store.ts";

/** `base` is the draft's flow that it was typed over. */
export type Unsaved = { base: Flow; flow: Flow };

const KEY = "flowmgr.unsaved-flows.1";

/** By name in the draft. */
export const unsavedFlows = createStore<ReadonlyMap<string, Unsaved>>(read());

export function keepUnsaved(name: string, unsaved: Unsaved): void {
  write(new Map(unsavedFlows.get()).set(name, unsaved));
}

export function forgetUnsaved(name: string): void {
  if (!unsavedFlows.get().has(name)) return;
  const rest = new Map(unsavedFlows.get());
  rest.delete(name);
  write(rest);
}

function write(next: ReadonlyMap<string, Unsaved>): void {
  unsavedFlows.set(next);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...next]));
  } catch {
    // No room: it stays in memory, which is all that can be done.
  }
}

/** This page alone wrote it, in this tab; another shape would have another key. */
function read(): ReadonlyMap<string, Unsaved> {
  try {
    const stored: [string, Unsaved][] = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return new Map(stored);
  } catch {
    return new Map();
  }
}

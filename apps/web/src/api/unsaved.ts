/**
 * Items as they stand in a panel while something in them keeps them from the draft: typed, invalid, not lost.
 * Kept in the browser's storage for this tab, so that closing the panel or reloading the page loses nothing.
 */
import { createStore, type Store } from "../ui/store.ts";

/** `base` is the draft's item that it was typed over. */
export type Kept<T> = { base: T; item: T };

/** By name in the draft. */
export type Unsaved<T> = Pick<Store<ReadonlyMap<string, Kept<T>>>, "get" | "subscribe" | "set"> & {
  keep: (name: string, kept: Kept<T>) => void;
  forget: (name: string) => void;
};

/** `key` names the shape too: another shape has another key, since this page alone reads it. */
export function createUnsaved<T>(key: string): Unsaved<T> {
  const store = createStore<ReadonlyMap<string, Kept<T>>>(read(key));
  function write(next: ReadonlyMap<string, Kept<T>>): void {
    store.set(next);
    try {
      sessionStorage.setItem(key, JSON.stringify([...next]));
    } catch {
      // No room: it stays in memory, which is all that can be done.
    }
  }
  return {
    ...store,
    keep: (name, kept) => write(new Map(store.get()).set(name, kept)),
    forget(name) {
      if (!store.get().has(name)) return;
      const rest = new Map(store.get());
      rest.delete(name);
      write(rest);
    },
  };
}

function read<T>(key: string): ReadonlyMap<string, Kept<T>> {
  try {
    const stored: [string, Kept<T>][] = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return new Map(stored);
  } catch {
    return new Map();
  }
}

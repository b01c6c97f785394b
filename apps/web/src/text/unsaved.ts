/**
 * Typed text that is not in the draft: kept in the browser's storage from the first key until the server has it,
 * so a reload, a crash or a lost network loses nothing. One a browser; its tabs see each other's.
 */
import { useSyncExternalStore } from "react";

export type UnsavedText = {
  text: string;
  /** The draft that it was typed over. */
  etag: string;
  /** How many errors keep it from the draft; 0 while it only waits to be sent. */
  errors: number;
  /** RFC 3339. */
  at: string;
};

const KEY = "flowmgr-unsaved-text";
const listeners = new Set<() => void>();
let current: UnsavedText | null = read();

function read(): UnsavedText | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return isUnsaved(stored) ? stored : null;
  } catch {
    return null;
  }
}

function isUnsaved(value: unknown): value is UnsavedText {
  return (
    typeof value === "object" &&
    value !== null &&
    "text" in value &&
    typeof value.text === "string" &&
    "etag" in value &&
    typeof value.etag === "string" &&
    "errors" in value &&
    typeof value.errors === "number" &&
    "at" in value &&
    typeof value.at === "string"
  );
}

export function unsavedText(): UnsavedText | null {
  return current;
}

/** Keeps `next`, or forgets with null. Gives false when the browser has no room: it is then kept in memory only. */
export function keepUnsavedText(next: UnsavedText | null): boolean {
  current = next;
  for (const listener of listeners) listener();
  try {
    if (next) localStorage.setItem(KEY, JSON.stringify(next));
    else localStorage.removeItem(KEY);
    return true;
  } catch {
    return false;
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  current = read();
  for (const listener of listeners) listener();
});

/** Text with errors that waits in the Text place: the draft is then the last valid version, and read-only. */
export function useUnsavedText(): { errors: number } | null {
  const kept = useSyncExternalStore(subscribe, unsavedText);
  return kept && kept.errors > 0 ? kept : null;
}

import { useSyncExternalStore } from "react";

/** Kept: a new one with each drawing of a list that scrolls would cost more than its answer. */
const lists = new Map<string, MediaQueryList>();

function listOf(query: string): MediaQueryList {
  const list = lists.get(query) ?? matchMedia(query);
  lists.set(query, list);
  return list;
}

/** Whether a media query holds now. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = listOf(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => listOf(query).matches,
  );
}

/** The width below which the page is a phone's: bottom tabs, two-line rows, the panel over the whole screen. */
export function useNarrow(): boolean {
  return useMedia("(max-width: 719px)");
}

import { useSyncExternalStore } from "react";

/** Whether a media query holds now. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener("change", listener);
      return () => list.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** The width below which the page is a phone's: bottom tabs, two-line rows, the panel over the whole screen. */
export function useNarrow(): boolean {
  return useMedia("(max-width: 719px)");
}

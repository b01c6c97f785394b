/** What somebody else changed in the draft while this page was open. */
import { createStore, useStore } from "../ui/store.ts";
import type { Patch } from "./patch.ts";

export type Arrival = { by: string; at: number; what: "added" | "changed" | "moved" | "removed" };

/** By the name of the flow, or `@name` of the list; the last of each. */
export type Arrivals = ReadonlyMap<string, Arrival>;

export const arrivals = createStore<Arrivals>(new Map());

export function arrived(by: string, patch: Patch): void {
  const next = new Map(arrivals.get());
  const at = Date.now();
  for (const { key } of patch.to) next.set(key, { by, at, what: "moved" });
  for (const { key, before, after } of patch.items) {
    next.set(key, { by, at, what: before === null ? "added" : after === null ? "removed" : "changed" });
  }
  arrivals.set(next);
}

/** What somebody else did last to the flow of this name, since `since` (milliseconds); null for nothing. */
export function useArrival(name: string, since: number): Arrival | null {
  const last = useStore(arrivals).get(name);
  return last && last.at >= since ? last : null;
}

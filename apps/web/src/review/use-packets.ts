/** What packets meet beyond what the plan tells at once, page by page. */
import type { PacketChange, PacketPage, Plan, Region } from "@flowmgr/flow-api";
import { useState } from "react";
import { call } from "../api/index.ts";

type Further<T> = { found: T[]; next: number | null };

/** Loads a page for as long as `next` says that there is one. */
function useFurther<T>(start: number | null, load: (after: number) => Promise<Further<T>>) {
  const [{ found, next }, set] = useState<Further<T>>({ found: [], next: start });
  const [loading, setLoading] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  async function more(after: number): Promise<void> {
    setLoading(true);
    setTrouble(null);
    try {
      const page = await load(after);
      set({ found: [...found, ...page.found], next: page.next });
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : "The server does not answer.");
    }
    setLoading(false);
  }
  return { found, more: next === null ? null : () => void more(next), loading, trouble };
}

/** Throws where the draft became another one meanwhile: its plan is on the way. */
async function page(query: string, etag: string): Promise<PacketPage> {
  const answer = await call(`/draft/plan/packets?${query}`);
  if (answer.headers.get("etag") !== `"${etag}"`) throw new Error("The draft has changed meanwhile.");
  const body: PacketPage = await answer.json();
  return body;
}

/** The kinds of the plan and those that were asked for since; `more` asks for the next hundred. */
export function useKinds(packets: NonNullable<Plan["packets"]>, etag: string) {
  const known = packets.changes.length;
  const start = packets.total > known ? known : null;
  const { found, more, loading, trouble } = useFurther<PacketChange>(start, async (after) => {
    const { changes, next } = await page(`after=${after}&limit=100`, etag);
    return { found: changes, next };
  });
  return { kinds: [...packets.changes, ...found], more: () => more?.(), loading, trouble };
}

/** The regions of a kind and those that were asked for since; `more` is null where no more can be had. */
export function useRegions(change: PacketChange, number: number, etag: string) {
  const [whole, setWhole] = useState(change.whole);
  const start = change.whole ? null : 0;
  const { found, more, loading, trouble } = useFurther<Region>(start, async (after) => {
    const { changes, next } = await page(`change=${number}&after=${after}&limit=100`, etag);
    setWhole((changes[0]?.whole ?? false) && next === null);
    return { found: changes[0]?.regions ?? [], next };
  });
  // From the first on: there are more of them than the plan tells, and their order may be another.
  return { regions: found.length > 0 ? found : change.regions, whole, more, loading, trouble };
}

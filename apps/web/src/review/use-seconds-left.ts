/** The server's clock decides; the browser's may be wrong by minutes. */
import { useEffect, useState } from "react";
import { call, keys, queryClient } from "../api/index.ts";

/** The `Date` header has whole seconds; a difference below two is within its own error and the journey's. */
const TRUSTED_MS = 2000;
const ASK_AGAIN_MS = 2000;

/** Milliseconds to add to the browser's clock. */
async function clockOffset(): Promise<number> {
  const answer = await call("/status").catch(() => null);
  const date = Date.parse(answer?.headers.get("date") ?? "");
  const offset = date + 500 - Date.now();
  return Number.isNaN(offset) || Math.abs(offset) < TRUSTED_MS ? 0 : offset;
}

/**
 * Whole seconds until `deadline`, 0 from then on. While there is a deadline the status is asked for often: events
 * may be what the new rules cut off.
 */
export function useSecondsLeft(deadline: string | null): number {
  const [now, setNow] = useState(Date.now);
  const [offset, setOffset] = useState(0);
  useEffect(() => {
    if (deadline === null) return;
    let current = true;
    void clockOffset().then((found) => current && setOffset(found));
    setNow(Date.now());
    const tick = setInterval(() => setNow(Date.now()), 250);
    const ask = setInterval(
      () => void queryClient.invalidateQueries({ queryKey: keys.status }),
      ASK_AGAIN_MS,
    );
    return () => {
      current = false;
      clearInterval(tick);
      clearInterval(ask);
    };
  }, [deadline]);
  if (deadline === null) return 0;
  return Math.max(0, Math.ceil((Date.parse(deadline) - now - offset) / 1000));
}

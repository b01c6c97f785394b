/** The server says how much time is left; from there a clock counts on that nobody sets, here or there. */
import type { Status } from "@flowmgr/flow-api";
import { useEffect, useState } from "react";
import { keys, queryClient } from "../api/index.ts";

const ASK_AGAIN_MS = 2000;

/**
 * Whole seconds until it goes back, 0 from then on. While something waits the status is asked for often: events may be
 * what the new rules cut off, and each answer sets the count right.
 */
export function useSecondsLeft(waiting: Status["unconfirmed"]): number {
  const [now, setNow] = useState(() => performance.now());
  const [end, setEnd] = useState<number | null>(null);
  const isWaiting = waiting !== null;
  useEffect(() => {
    setNow(performance.now());
    setEnd(waiting ? performance.now() + waiting.secondsLeft * 1000 : null);
  }, [waiting]);
  useEffect(() => {
    if (!isWaiting) return;
    const tick = setInterval(() => setNow(performance.now()), 250);
    const ask = setInterval(
      () => void queryClient.invalidateQueries({ queryKey: keys.status }),
      ASK_AGAIN_MS,
    );
    return () => {
      clearInterval(tick);
      clearInterval(ask);
    };
  }, [isWaiting]);
  // Before the first effect has run nothing was counted yet.
  const left = end === null ? (waiting?.secondsLeft ?? 0) : (end - now) / 1000;
  return Math.max(0, Math.ceil(left));
}

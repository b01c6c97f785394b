/** Time as the machine tells it; tests hand in their own. */
import type { Clock } from "./parts.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** RFC 3339 in UTC, as every time in the API is written. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

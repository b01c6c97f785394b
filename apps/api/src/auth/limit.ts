/** So many in a window of time, per key. In memory: a restart forgets, and that is fine. */
import type { Clock } from "../parts.ts";
import { Problem } from "../problem.ts";

export type Limit = {
  /** Throws Problem 429 when the key has used up its window. */
  check(key: string): void;
  count(key: string): void;
};

export function limit(clock: Clock, most: number, windowMs: number, detail: string): Limit {
  let windows = new Map<string, { from: number; count: number }>();
  let swept = clock.monotonic();
  const current = (key: string) => {
    const now = clock.monotonic();
    if (now - swept > windowMs) {
      // Keys come from outside; without this the map would grow with every address ever seen.
      windows = new Map([...windows].filter(([, window]) => now - window.from < windowMs));
      swept = now;
    }
    const window = windows.get(key);
    if (window && now - window.from < windowMs) return window;
    const fresh = { from: now, count: 0 };
    windows.set(key, fresh);
    return fresh;
  };
  return {
    check(key) {
      const window = current(key);
      if (window.count < most) return;
      const seconds = Math.max(1, Math.ceil((window.from + windowMs - clock.monotonic()) / 1000));
      throw new Problem({
        status: 429,
        code: "too-many-requests",
        title: "Too many requests",
        detail: `${detail} Try again in ${seconds} s.`,
        headers: { "Retry-After": String(seconds) },
      });
    },
    count(key) {
      current(key).count += 1;
    },
  };
}

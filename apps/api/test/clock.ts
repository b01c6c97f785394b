/** A clock that goes when the test says so. */
import type { Clock } from "../src/parts.ts";

export type TestClock = Clock & {
  /** Lets time pass; what was due is called, in order. */
  pass(ms: number): void;
  /** Somebody sets the wall clock, forward or back by so much. */
  set(ms: number): void;
};

export function testClock(start = Date.parse("2026-01-01T00:00:00Z")): TestClock {
  let passed = 0;
  let ahead = 0;
  let waiting: { due: number; call: () => void }[] = [];
  return {
    now: () => start + passed + ahead,
    boot: "a boot of tests",
    monotonic: () => passed,
    after(ms, call) {
      const entry = { due: passed + ms, call };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((other) => other !== entry);
      };
    },
    pass(ms) {
      const until = passed + ms;
      for (;;) {
        const [next] = waiting.filter((entry) => entry.due <= until).sort((a, b) => a.due - b.due);
        if (!next) break;
        waiting = waiting.filter((entry) => entry !== next);
        passed = next.due;
        next.call();
      }
      passed = until;
    },
    set(ms) {
      ahead += ms;
    },
  };
}

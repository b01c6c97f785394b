/** Time as the machine tells it; tests hand in their own. */
import { readFileSync } from "node:fs";
import type { Moment } from "./apply/machine.ts";
import type { Clock } from "./parts.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  // CLOCK_MONOTONIC, which counts from the boot for every process and is what timers go by too. Both stand still
  // while the machine is suspended: then nothing is judged, and nobody could confirm.
  monotonic: () => Number(process.hrtime.bigint()) / 1e6,
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** What all clocks say now. */
export function momentOf(clock: Clock): Moment {
  return { wall: clock.now(), boot: clock.boot, monotonic: clock.monotonic() };
}

/** RFC 3339 in UTC, as every time in the API is written. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

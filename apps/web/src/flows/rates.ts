/** Packets a second of each flow, from one reading of the counters to the next. */
import type { Counters } from "@flowmgr/flow-api";
import { counters } from "../api/index.ts";

export type Rate = {
  /** Packets a second over the last interval; null before the second reading. */
  now: number | null;
  /** The last readings, oldest first, for the sparkline. */
  past: number[];
  packets: number;
  /** RFC 3339: since when the counter counts, and when it was last seen to grow; null: never. */
  since: string;
  lastHit: string | null;
};

/** Readings in a sparkline: a minute at one every two seconds. */
export const PAST = 30;

let rates = new Map<string, Rate>();
let readAt = 0;
const listeners = new Set<() => void>();

/** The next rates, given the reading before. A counter that went back (a rule changed) has no rate for one interval. */
export function next(before: Map<string, Rate>, beforeAt: number, reading: Counters): Map<string, Rate> {
  const seconds = (Date.parse(reading.at) - beforeAt) / 1000;
  const after = new Map<string, Rate>();
  for (const { name, packets, since, lastHit } of reading.flows) {
    const known = before.get(name);
    const usable = known && seconds > 0 && packets >= known.packets;
    const now = usable ? (packets - known.packets) / seconds : null;
    const past = now === null ? (known?.past ?? []) : [...(known?.past ?? []), now].slice(-PAST);
    after.set(name, { now, past, packets, since, lastHit });
  }
  return after;
}

counters.subscribe(() => {
  const reading = counters.get();
  if (!reading) return;
  const at = Date.parse(reading.at);
  if (at === readAt) return;
  rates = next(rates, readAt, reading);
  readAt = at;
  for (const listener of listeners) listener();
});

export function subscribeRates(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function rateOf(name: string): Rate | null {
  return rates.get(name) ?? null;
}

/** Reading the counters again and again, as long as somebody watches. */
import type { Parts } from "../parts.ts";
import { READING_SHARE } from "./counters.ts";
import { pause } from "./pace.ts";

/** Who watches gets a reading this often, while reading is cheap. */
const WATCH_MS = 2_000;

/**
 * Reads and emits `counters` as long as somebody watches. Gives a function that begins to watch and in turn gives
 * one that ends it.
 */
export function counterWatch(parts: Pick<Parts, "engine" | "events" | "clock">): () => () => void {
  const { engine, events, clock } = parts;
  let watchers = 0;
  let reading = false;
  let cancel: (() => void) | null = null;

  async function tick(): Promise<void> {
    cancel = null;
    reading = true;
    const began = clock.monotonic();
    try {
      events.emit("counters", await engine.counters());
    } catch {
      // The kernel can't be read: the status says so, and the next reading may work.
    }
    reading = false;
    const wait = pause(clock.monotonic() - began, READING_SHARE, WATCH_MS);
    if (watchers > 0) cancel = clock.after(wait, () => void tick());
  }

  return () => {
    watchers++;
    if (!reading && cancel === null) void tick();
    let watching = true;
    return () => {
      if (watching) watchers--;
      watching = false;
      if (watchers > 0) return;
      cancel?.();
      cancel = null;
    };
  };
}

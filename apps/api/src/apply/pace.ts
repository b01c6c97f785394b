/** A stall of the machine must not make us look away for hours. */
const LONGEST_MS = 60_000;

/**
 * Milliseconds to wait after something that took `took`, so that it costs 1/`share` of a core at most; `least` while
 * it is cheap.
 */
export function pause(took: number, share: number, least: number): number {
  return Math.min(Math.max(least, took * share), LONGEST_MS);
}

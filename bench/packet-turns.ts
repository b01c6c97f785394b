/** Lines with rules against one without, by turns, so that what the machine does meanwhile meets all of them. */
import type { Family, Line } from "./packet-line.ts";

/** How long each turn is, in seconds of the processor, and how often all take theirs. */
export type Turns = { seconds: number; rounds: number };

/** Of one line: paired with the bare line's turn, the middle half of the rounds and its middle. */
export type Against = {
  /** What it forwards of what a router without rules does. */
  ratio: Spread;
  /** Nanoseconds that a packet takes longer. */
  added: Spread;
  /** Nanoseconds of all the way, in the order of the rounds. */
  each: number[];
};

export type Spread = { low: number; middle: number; high: number };

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { low: at(0.25), middle: at(0.5), high: at(0.75) };
}

/** Sends from all lines by turns. Throws when packets were lost: then the receiver was measured. */
export async function against(
  bare: Line,
  ruled: readonly Line[],
  family: Family,
  destinations: readonly string[],
  { seconds, rounds }: Turns,
): Promise<Against[]> {
  const all = [bare, ...ruled];
  for (const line of all) await line.aim(family, destinations);
  const each: number[][] = all.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, line] of all.entries()) {
      const { nanoseconds, lost } = await line.send(seconds);
      if (lost > 0) throw new Error(`${lost} packets were not received`);
      each[at]?.push(nanoseconds);
    }
  }
  const [without = [], ...others] = each;
  return others.map((times) => ({
    ratio: spread(times.map((time, round) => (without[round] ?? Number.NaN) / time)),
    added: spread(times.map((time, round) => time - (without[round] ?? Number.NaN))),
    each: times,
  }));
}

/** `0.89 ±.01, 372`: the ratio, how far half of the rounds lie around it, and the nanoseconds added. */
export function cell({ ratio, added }: Against): string {
  const around = ((ratio.high - ratio.low) / 2).toFixed(2).replace(/^0/, "");
  return `${ratio.middle.toFixed(ratio.middle < 0.1 ? 4 : 2)} ±${around}, ${Math.round(added.middle)}`;
}

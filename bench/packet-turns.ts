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

/** A turn in which packets are lost is taken again: there the receiver was measured. */
const TRIES = 5;

/** Nanoseconds that each packet took. Throws when packets are lost at every try. */
async function turn(line: Line, seconds: number): Promise<number> {
  for (let at = 0; at < TRIES; at += 1) {
    const { nanoseconds, lost } = await line.send(seconds);
    if (lost === 0) return nanoseconds;
  }
  throw new Error(
    "packets are lost on the way, again and again: is the machine without a second free processor?",
  );
}

/** Sends from all lines by turns. */
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
      each[at]?.push(await turn(line, seconds));
    }
  }
  const [without = [], ...others] = each;
  return others.map((times) => ({
    ratio: spread(times.map((time, round) => (without[round] ?? Number.NaN) / time)),
    added: spread(times.map((time, round) => time - (without[round] ?? Number.NaN))),
    each: times,
  }));
}

/** Ratios, as those of all kinds of traffic stand in a cell: `0.81 0.85 0.53`. */
export function ratios(all: readonly Against[]): string {
  return all.map(({ ratio: { middle } }) => middle.toFixed(middle < 0.01 ? 4 : 2)).join(" ");
}

/** Nanoseconds that a packet takes longer, likewise. */
export function nanoseconds(all: readonly Against[]): string {
  return all.map(({ added }) => added.middle.toFixed(0)).join(" ");
}

/** How far from the middle half of the rounds lie, at most, in hundredths of the ratio. */
export function unrest(all: readonly Against[]): string {
  return `${Math.max(...all.map(({ ratio }) => 50 * (ratio.high - ratio.low))).toFixed(1)} %`;
}

/** What the machine does to a figure: the line without rules, and how it stands against itself. */
export async function noise(bare: Line, family: Family, turns: Turns): Promise<string> {
  const destination = family === 4 ? "203.0.113.1" : "2001:db8::1";
  const [itself] = await against(bare, [bare], family, [destination], turns);
  if (itself === undefined) return "";
  const each = spread(itself.each).middle;
  const itsRate = `${(1e6 / each).toFixed(0)} 000 packets a second, ${each.toFixed(0)} ns each`;
  return `IPv${family} without rules: ${itsRate}; against itself ${ratios([itself])}, ± ${unrest([itself])}`;
}

/** Sets of numbers as intervals: addresses and ports, to say in plain values what a negated list leaves. */

/** Both ends belong to it. */
export type Interval = { low: bigint; high: bigint };

/** The same numbers in sorted intervals that neither meet nor touch. */
export function merged(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.toSorted((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
  const result: Interval[] = [];
  for (const { low, high } of sorted) {
    const last = result.at(-1);
    if (!last || low > last.high + 1n) result.push({ low, high });
    else if (high > last.high) last.high = high;
  }
  return result;
}

/** Every number from 0 to `highest` that the intervals leave out. */
export function complement(intervals: readonly Interval[], highest: bigint): Interval[] {
  const result: Interval[] = [];
  let next = 0n;
  for (const { low, high } of merged(intervals)) {
    if (low > next) result.push({ low: next, high: low - 1n });
    next = high + 1n;
  }
  if (next <= highest) result.push({ low: next, high: highest });
  return result;
}

/** The numbers that stand in both. */
export function intersection(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const outside = [...complement(a, ENDLESS), ...complement(b, ENDLESS)];
  return complement(outside, ENDLESS);
}

/** Above every address. */
const ENDLESS = 1n << 129n;

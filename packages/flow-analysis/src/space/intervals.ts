/** Sets of whole numbers as intervals. */

/** Disjoint intervals in order, flat: low, high, low, high. Both ends belong to it; no two touch. */
export type Intervals = readonly number[];

/** What at least one of the pairs [low, high] holds. */
export function unionOf(pairs: readonly (readonly [number, number])[]): Intervals {
  const union: number[] = [];
  for (const [low, high] of [...pairs].sort(([a], [b]) => a - b)) {
    const last = union.at(-1);
    if (last === undefined || low > last + 1) union.push(low, high);
    else if (high > last) union[union.length - 1] = high;
  }
  return union;
}

/** What of 0 to `max` stands outside. */
export function complement(of: Intervals, max: number): Intervals {
  const outside: number[] = [];
  let next = 0;
  for (let at = 0; at < of.length; at += 2) {
    const low = of[at] ?? 0;
    if (low > next) outside.push(next, low - 1);
    next = (of[at + 1] ?? 0) + 1;
  }
  if (next <= max) outside.push(next, max);
  return outside;
}

/** What stands in both. */
export function intersection(one: Intervals, other: Intervals): Intervals {
  const both: number[] = [];
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    const low = Math.max(one[i] ?? 0, other[j] ?? 0);
    const [oneEnd, otherEnd] = [one[i + 1] ?? 0, other[j + 1] ?? 0];
    const high = Math.min(oneEnd, otherEnd);
    if (low <= high) both.push(low, high);
    if (oneEnd <= otherEnd) i += 2;
    else j += 2;
  }
  return both;
}

/** Is there a number in both? */
export function haveCommon(one: Intervals, other: Intervals): boolean {
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    if ((one[i + 1] ?? 0) < (other[j] ?? 0)) i += 2;
    else if ((other[j + 1] ?? 0) < (one[i] ?? 0)) j += 2;
    else return true;
  }
  return false;
}

/** Is it all of 0 to `max`? */
export function isFull(of: Intervals, max: number): boolean {
  return of.length === 2 && of[0] === 0 && of[1] === max;
}

/** What two sequences have in common. */

/**
 * Places of a common subsequence, a long one: equal keys are paired in order, and of the pairs the longest rise is
 * kept.
 */
export function commonSubsequence<Key>(
  left: readonly Key[],
  right: readonly Key[],
): { inLeft: Set<number>; inRight: Set<number> } {
  const places = new Map<Key, number[]>();
  for (const [at, key] of right.entries()) {
    const known = places.get(key);
    if (known) known.push(at);
    else places.set(key, [at]);
  }
  const used = new Map<Key, number>();
  const pairs = left.flatMap((key, at) => {
    const next = used.get(key) ?? 0;
    const other = places.get(key)?.[next];
    used.set(key, next + 1);
    return other === undefined ? [] : [{ left: at, right: other }];
  });
  const kept = longestRise(pairs.map((pair) => pair.right)).flatMap((at) => pairs[at] ?? []);
  return { inLeft: new Set(kept.map((pair) => pair.left)), inRight: new Set(kept.map((pair) => pair.right)) };
}

/** Indices of the longest subsequence that rises (patience sorting). */
function longestRise(numbers: readonly number[]): number[] {
  /** For each length the index of the smallest number that ends such a subsequence. */
  const ends: number[] = [];
  const before: number[] = [];
  for (const [at, number] of numbers.entries()) {
    let [first, behind] = [0, ends.length];
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if ((numbers[ends[middle] ?? 0] ?? 0) < number) first = middle + 1;
      else behind = middle;
    }
    before[at] = ends[first - 1] ?? -1;
    ends[first] = at;
  }
  const rise: number[] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) rise.push(at);
  return rise.reverse();
}

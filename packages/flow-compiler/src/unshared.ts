/** What two rows of values do not share: an edit leaves most of a program's chains, and those it leaves are the same values. */

/** How far behind a difference is looked for where both rows go on as one. */
const NEAR = 16;

/**
 * Values of `before` that are not in `after` (`gone`), and the other way round (`come`). Some that only changed places may
 * be told as both. Each row holds a value once; that most of them stand in the same order costs least.
 */
export function unshared<T>(before: readonly T[], after: readonly T[]): { gone: T[]; come: T[] } {
  const [gone, come]: [T[], T[]] = [[], []];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      i += 1;
      j += 1;
      continue;
    }
    const met = meeting(before, i, after, j);
    if (met === null) break;
    const [skipped, more] = met;
    gone.push(...before.slice(i, i + skipped));
    come.push(...after.slice(j, j + more));
    i += skipped;
    j += more;
  }
  const [left, right] = [before.slice(i), after.slice(j)];
  return { gone: gone.concat(without(left, right)), come: come.concat(without(right, left)) };
}

function without<T>(values: T[], others: readonly T[]): T[] {
  if (values.length === 0 || others.length === 0) return values;
  const known = new Set(others);
  return values.filter((value) => !known.has(value));
}

/** How many values of either row stand before the next one that both have; null where that is not near. */
function meeting<T>(
  before: readonly T[],
  i: number,
  after: readonly T[],
  j: number,
): [skipped: number, more: number] | null {
  for (let steps = 1; steps <= NEAR; steps += 1) {
    for (let skipped = 0; skipped <= steps; skipped += 1) {
      const [one, other] = [before[i + skipped], after[j + steps - skipped]];
      if (one !== undefined && one === other) return [skipped, steps - skipped];
    }
  }
  return null;
}

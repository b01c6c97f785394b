/** Which word was meant: for helps that say more than "unknown". */

/** The word, of those given, that is nearest to one with a slip of the finger; null when none is near. */
export function nearest(word: string, words: Iterable<string>): string | null {
  const lower = word.toLowerCase();
  let found: string | null = null;
  // One slip in a short word, two in a long one: more would guess.
  let least = lower.length < 5 ? 1.5 : 2.5;
  for (const known of words) {
    if (Math.abs(known.length - lower.length) > 2) continue;
    const distance = slips(lower, known.toLowerCase());
    if (distance < least) [found, least] = [known, distance];
  }
  return found;
}

/** How many letters are wrong, missing, too many or swapped with their neighbour (optimal string alignment). */
function slips(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) least = Math.min(least, (before[column - 2] ?? 0) + 1);
      current.push(least);
    }
    [before, above] = [above, current];
  }
  return above[b.length] ?? 0;
}

/** Two lists as one that keeps the order of both; what has the same key becomes one entry, where the order allows. */
export function mergeInOrder<T>(
  left: readonly T[],
  right: readonly T[],
  keyOf: (one: T) => string,
): { left?: T; right?: T; one: T }[] {
  const places = placesByKey(right.map(keyOf));
  const merged: { left?: T; right?: T; one: T }[] = [];
  let next = 0;
  const passTo = (end: number) => {
    for (const one of right.slice(next, end)) merged.push({ right: one, one });
    next = end;
  };
  for (const one of left) {
    const waiting = places.get(keyOf(one)) ?? [];
    while ((waiting.at(-1) ?? next) < next) waiting.pop();
    const at = waiting.pop();
    const twin = at === undefined ? undefined : right[at];
    if (at === undefined || twin === undefined) {
      merged.push({ left: one, one });
      continue;
    }
    passTo(at);
    next = at + 1;
    merged.push({ left: one, right: twin, one });
  }
  passTo(right.length);
  return merged;
}

/** Where each key stands, the last place first. */
function placesByKey(keys: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (let index = keys.length - 1; index >= 0; index -= 1) {
    const key = keys[index] ?? "";
    const known = places.get(key);
    if (known) known.push(index);
    else places.set(key, [index]);
  }
  return places;
}

/** What stands in a field of several values while it is typed: those that count already, and the text of the next. */

export type Entry = {
  chips: string[];
  text: string;
  /** Where the text goes when it counts: a value that is being changed keeps its place; null for the end. */
  at: number | null;
};

const BETWEEN = /[\s,;{}]+/;

/** `25, 110 143`, lines, or a list in braces as it stands in the text; what `#` hides is left out. */
export function splitValues(text: string): string[] {
  return text
    .replace(/#.*$/gm, "")
    .split(BETWEEN)
    .filter((value) => value !== "");
}

/** Whether the text holds more than the beginning of one value. */
export function holdsSeveral(text: string): boolean {
  return BETWEEN.test(text.trim());
}

/** A field that nobody types in. One value stands as text, to be changed in place; a reference is always a chip. */
export function atRest(values: readonly string[]): Entry {
  const written = values.filter((value) => value !== "");
  const [only] = written;
  if (written.length === 1 && only !== undefined && !only.startsWith("@"))
    return { chips: [], text: only, at: null };
  return { chips: written, text: "", at: null };
}

/** Every value of the field, the typed one at its place. */
export function valuesOf({ chips, text, at }: Entry): string[] {
  return chips.toSpliced(at ?? chips.length, 0, ...splitValues(text));
}

/** The entry with all its text as chips; `twice` are those that stood there already and were not added again. */
export function taken({ chips, text, at }: Entry): { entry: Entry; twice: string[] } {
  const known = new Set(chips);
  const fresh: string[] = [];
  const twice: string[] = [];
  for (const value of splitValues(text)) {
    if (known.has(value)) twice.push(value);
    else fresh.push(value);
    known.add(value);
  }
  return { entry: { chips: chips.toSpliced(at ?? chips.length, 0, ...fresh), text: "", at: null }, twice };
}

/** What typing gives: each separator ends a value, what stands behind the last one is still being typed. */
export function typed(entry: Entry, text: string): { entry: Entry; twice: string[] } {
  const end = /[\s,;{}](?=[^\s,;{}]*$)/.exec(text);
  if (!end) return { entry: { ...entry, text }, twice: [] };
  const before = taken({ ...entry, text: text.slice(0, end.index) });
  return { ...before, entry: { ...before.entry, text: text.slice(end.index + 1) } };
}

/** The chip's value back in the field, to be changed where it stood. What was being typed counts first. */
export function reopened(entry: Entry, index: number): Entry {
  const value = entry.chips[index];
  if (value === undefined) return entry;
  const { chips } = taken(entry).entry;
  const at = chips.indexOf(value);
  return { chips: chips.toSpliced(at, 1), text: value, at };
}

/** Where the chip stands among `valuesOf`. */
export function placeOf({ text, at }: Entry, chip: number): number {
  return at !== null && chip >= at ? chip + splitValues(text).length : chip;
}

export function sameValues(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

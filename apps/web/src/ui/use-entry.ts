import { useEffect, useState } from "react";
import { atRest, type Entry, reopened, sameValues, taken, typed, valuesOf } from "./values.ts";

type Options = {
  values: readonly string[];
  set: (values: string[]) => void;
  typing: ((values: string[]) => void) | undefined;
  word: ((word: string) => boolean) | undefined;
};

/** What happened last; `seen` when it is not to be seen anyway. */
type Said = { text: string; seen: boolean };

const NOTHING: Said = { text: "", seen: false };

/** What stands in a field of several values, and what can be done to it; chips.tsx draws it. */
export function useEntry({ values, set, typing, word }: Options) {
  const [entry, setEntry] = useState(() => atRest(values));
  const [said, setSaid] = useState<Said>(NOTHING);
  // The draft may change under the field: undo, the text editor, another admin.
  useEffect(() => {
    setEntry((now) =>
      sameValues(valuesOf(now), values) || sameValues(now.chips, values) ? now : atRest(values),
    );
  }, [values]);

  /** Values, without the words that are none; the draft is told when they changed. */
  function settle(chips: string[]): string[] {
    const known = new Set(entry.chips);
    const words = new Set(chips.filter((value) => !known.has(value) && word?.(value)));
    const settled = words.size > 0 ? chips.filter((value) => !words.has(value)) : chips;
    if (settled.length > 0 && !sameValues(settled, values)) set(settled);
    return settled;
  }

  function take({ entry: next, twice }: { entry: Entry; twice: string[] }): void {
    setEntry({ ...next, chips: settle(next.chips) });
    const verb = twice.length === 1 ? "is" : "are";
    setSaid(twice.length > 0 ? { text: `${twice.join(", ")} ${verb} there already`, seen: true } : NOTHING);
  }

  return {
    entry,
    said,
    /** The text counts. */
    end: (text: string) => take(taken({ ...entry, text })),
    type(text: string): void {
      const next = typed(entry, text);
      if (next.entry.text === text) setEntry(next.entry);
      else take(next);
      typing?.(valuesOf(next.entry));
    },
    reopen: (chip: number) => setEntry(reopened(entry, chip)),
    removeChip(chip: number): void {
      const chips = entry.chips.toSpliced(chip, 1);
      setEntry({ ...entry, chips, at: null });
      setSaid({ text: `${entry.chips[chip]} removed`, seen: false });
      if (chips.length > 0) set(chips);
    },
    /** The focus went elsewhere. That nothing is left is said only now, not while somebody is about to type. */
    leave(): void {
      setSaid(NOTHING);
      const settled = settle(taken(entry).entry.chips);
      setEntry(atRest(settled));
      if (settled.length === 0) set([]);
    },
  };
}

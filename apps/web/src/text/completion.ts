/** Completion: the keywords that may stand here, and the values that this machine and the draft know. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorState } from "@codemirror/state";
import type { ConditionKind } from "@flowmgr/flow-model";
import type { Suggestion } from "../ui/suggest.tsx";
import { type Reading, readingAfter, WORDS_AT } from "./grammar.ts";
import { helpFor } from "./words.ts";

/** Values to offer at a place; what is known, not what is allowed. */
export type KnownValues = {
  directors(): readonly Suggestion[];
  tables(): readonly Suggestion[];
  /** `protocols` are those that the rule names so far. */
  values(kind: ConditionKind, protocols: readonly string[]): readonly Suggestion[];
  /** What the list of this name may hold: other lists. */
  listValues(): readonly Suggestion[];
};

/** A line that begins an item. */
export const ITEM_LINE = /^\s*(flow|outflow|list|expect)\s+([^\s{},#]+)/;

/** Reads on from the last line that begins an item; a whole document of 1 MB is never read for one key. */
export function readingAt(state: EditorState, position: number): Reading {
  let line = state.doc.lineAt(position);
  while (line.number > 1 && !ITEM_LINE.test(line.text)) line = state.doc.line(line.number - 1);
  return readingAfter(state.sliceDoc(line.from, position));
}

/** A completion source for CodeMirror. */
export function completeFlowText(known: KnownValues) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[^\s{},#]*/);
    const from = word?.from ?? context.pos;
    const line = context.state.doc.lineAt(context.pos);
    if (line.text.slice(0, from - line.from).includes("#")) return null;
    const reading = readingAt(context.state, from);
    const options = optionsAt(reading, known);
    if (options.length === 0) return null;
    // Behind a space nothing pops up by itself at a place where the text may just end.
    if (from === context.pos && !context.explicit) return null;
    // A word that is whole closes the list, so that Enter behind it begins a line.
    if (options.some(({ label }) => label === word?.text)) return null;
    return { from, options };
  };
}

function optionsAt(reading: Reading, known: KnownValues): Completion[] {
  const words = WORDS_AT[reading.place].map(
    (label): Completion => ({ label, type: "keyword", info: helpFor(label, reading.place) ?? "" }),
  );
  const values = valuesAt(reading, known).map(
    ({ value, detail }): Completion =>
      detail === undefined ? { label: value, type: "constant" } : { label: value, type: "constant", detail },
  );
  return [...words, ...values];
}

function valuesAt({ place, kind, protocols }: Reading, known: KnownValues): readonly Suggestion[] {
  if (place === "director") return known.directors();
  if (place === "table") return known.tables();
  if (place === "list-value") return known.listValues();
  return place === "value" && kind ? known.values(kind, protocols) : [];
}

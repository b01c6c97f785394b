/** Completion: the keywords that may stand here, and the values that this machine knows. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorState } from "@codemirror/state";
import { type Reading, readingAfter, WORDS_AT } from "./grammar.ts";
import { WORD_HELP } from "./words.ts";

/** Values to offer; what the machine has, not what is allowed. */
export type KnownValues = {
  interfaces: readonly string[];
  directors: readonly string[];
  tables: readonly string[];
};

const PROTOCOLS = ["tcp", "udp", "icmp", "icmp6", "sctp", "esp", "ah", "gre", "ipip", "vrrp"];

/** Reads on from the last line that begins an item; a whole document of 1 MB is never read for one key. */
export function readingAt(state: EditorState, position: number): Reading {
  let line = state.doc.lineAt(position);
  while (line.number > 1 && !/^\s*(flow|outflow)\s/.test(line.text)) line = state.doc.line(line.number - 1);
  return readingAfter(state.sliceDoc(line.from, position));
}

/** A completion source for CodeMirror. */
export function completeFlowText(known: () => KnownValues) {
  return (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[^\s{},#]*/);
    const from = word?.from ?? context.pos;
    const line = context.state.doc.lineAt(context.pos);
    if (line.text.slice(0, from - line.from).includes("#")) return null;
    const reading = readingAt(context.state, from);
    const options = optionsAt(reading, known());
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
    (label): Completion => ({
      label,
      type: "keyword",
      info: WORD_HELP[label] ?? "",
    }),
  );
  return [...words, ...valuesAt(reading, known).map((label): Completion => ({ label, type: "constant" }))];
}

function valuesAt(reading: Reading, known: KnownValues): readonly string[] {
  if (reading.place === "director") return known.directors;
  if (reading.place === "table") return known.tables;
  if (reading.place !== "value") return [];
  if (reading.kind === "iface") return known.interfaces;
  return reading.kind === "proto" ? PROTOCOLS : [];
}

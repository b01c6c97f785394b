/** The flow language for CodeMirror: colours, folding, indentation, the comment key. */
import {
  foldService,
  HighlightStyle,
  LanguageSupport,
  StreamLanguage,
  type StringStream,
  syntaxHighlighting,
} from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { Tag, tags } from "@lezer/highlight";
import { type Reading, readSeparator, readWord, START, WORD, type WordKind } from "./grammar.ts";

const WORD_TAGS: { [K in WordKind]: Tag } = {
  item: Tag.define(),
  name: Tag.define(),
  permit: Tag.define(),
  deny: Tag.define(),
  director: Tag.define(),
  table: Tag.define(),
  skip: Tag.define(),
  undecided: Tag.define(),
  verb: Tag.define(),
  off: Tag.define(),
  not: Tag.define(),
  condition: Tag.define(),
  value: Tag.define(),
  unknown: Tag.define(),
};

const ITEM = /^\s*(flow|outflow|list|expect)\b/;

function token(stream: StringStream, reading: Reading): string | null {
  if (stream.eatSpace()) return null;
  if (stream.peek() === "#") {
    stream.skipToEnd();
    return "comment";
  }
  if (stream.column() === stream.indentation() && stream.match(ITEM, false)) beginItem(reading);
  const word = stream.match(WORD);
  if (word && word !== true) return readWord(reading, word[0]);
  readSeparator(reading, stream.next() ?? "");
  return "punctuation";
}

/** What an error above left open ends here: a line that begins with `flow`, `list` or `expect` begins an item. */
function beginItem(reading: Reading): void {
  reading.place = "item";
  reading.braces = false;
  reading.expects = false;
}

const flowLanguage = StreamLanguage.define<Reading>({
  name: "flow",
  startState: () => ({ ...START }),
  copyState: (reading) => ({ ...reading }),
  token,
  tokenTable: {
    ...WORD_TAGS,
    comment: tags.lineComment,
    punctuation: tags.punctuation,
  },
  indent: (reading, after, context) => (reading.place === "item" || ITEM.test(after) ? 0 : context.unit),
  languageData: {
    commentTokens: { line: "#" },
    indentOnInput: /^\s*(flow|outflow|list|expect)$/,
  },
});

/** An item folds from the end of its first line to its last rule; comments above the next flow stay with that. */
function foldFlow(state: EditorState, lineStart: number): { from: number; to: number } | null {
  const first = state.doc.lineAt(lineStart);
  if (!ITEM.test(first.text)) return null;
  let end = first;
  for (let number = first.number + 1; number <= state.doc.lines; number++) {
    const line = state.doc.line(number);
    if (ITEM.test(line.text)) break;
    if (/^\s*[^\s#]/.test(line.text)) end = line;
  }
  return end.number > first.number ? { from: first.to, to: end.to } : null;
}

/** What a word looks like, by what it is. */
export const colours = HighlightStyle.define([
  { tag: WORD_TAGS.item, class: "cm-flow-item" },
  { tag: WORD_TAGS.name, class: "cm-flow-name" },
  { tag: WORD_TAGS.permit, class: "cm-flow-permit" },
  { tag: WORD_TAGS.deny, class: "cm-flow-deny" },
  { tag: WORD_TAGS.director, class: "cm-flow-director" },
  { tag: WORD_TAGS.table, class: "cm-flow-table" },
  { tag: [WORD_TAGS.skip, WORD_TAGS.off], class: "cm-flow-off" },
  { tag: WORD_TAGS.undecided, class: "cm-flow-undecided" },
  { tag: WORD_TAGS.verb, class: "cm-flow-verb" },
  { tag: WORD_TAGS.not, class: "cm-flow-not" },
  { tag: WORD_TAGS.condition, class: "cm-flow-condition" },
  { tag: WORD_TAGS.value, class: "cm-flow-value" },
  { tag: tags.lineComment, class: "cm-flow-comment" },
]);

/** Everything that an editor or a viewer of flow text needs to know of the language. */
export function flowText(): LanguageSupport {
  return new LanguageSupport(flowLanguage, [syntaxHighlighting(colours), foldService.of(foldFlow)]);
}

import { foldable, getIndentation, syntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { highlightTree } from "@lezer/highlight";
import { expect, test } from "vitest";
import { colours, flowText } from "../../src/text/language.ts";

const TEXT = `flow a permit
  match dstport 22
expect flow undecided
  not src 10.0.0.1
# of the next one
expect deny dstport 22
outflow b deny
  match`;
const state = EditorState.create({ doc: TEXT, extensions: flowText() });

/** The words of a line with the looks that they get. */
function looksOf(number: number): string[] {
  const line = state.doc.line(number);
  const found: string[] = [];
  const add = (from: number, to: number, look: string) =>
    found.push(`${state.sliceDoc(from, to)}: ${look.replace("cm-flow-", "")}`);
  highlightTree(syntaxTree(state), colours, add, line.from, line.to);
  return found;
}

test("an expectation has the looks of what it is made of", () => {
  expect(looksOf(3)).toEqual(["expect: item", "flow: item", "undecided: undecided"]);
  expect(looksOf(4)).toEqual(["not: not", "src: condition", "10.0.0.1: value"]);
  expect(looksOf(6)).toEqual(["expect: item", "deny: deny", "dstport: condition", "22: value"]);
  expect(looksOf(7)).toEqual(["outflow: item", "b: name", "deny: deny"]);
});

test("items fold down to their last line, expectations too", () => {
  const folds = (number: number) => {
    const { from, to } = state.doc.line(number);
    const range = foldable(state, from, to);
    return range && state.doc.lineAt(range.to).number;
  };
  expect([1, 3, 6, 7].map(folds)).toEqual([2, 4, null, 8]);
});

test("what follows in an item is indented, what begins one is not", () => {
  expect([2, 3, 4, 6].map((number) => getIndentation(state, state.doc.line(number).from))).toEqual([
    2, 0, 2, 0,
  ]);
});

/** Texts with the place of an error marked in them: `flow a permit match src «300.1.1.1»`. */
import type { Diagnostic, Span } from "../src/index.ts";

/** The text without its marks, and the span that they enclose; `«»` marks a place without width. */
export function unmark(marked: string): { text: string; span: Span } {
  const [before = "", inside = "", behind = ""] = marked.split(/[«»]/);
  const start = placeBehind(before);
  const end = placeBehind(before + inside);
  const span = { line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
  return { text: before + inside + behind, span };
}

function placeBehind(text: string): { line: number; column: number } {
  const lines = text.split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

/** The text with the diagnostic's place marked in it. */
export function mark(text: string, { line = 1, column = 1, endLine = 1, endColumn = 1 }: Diagnostic): string {
  const lines = text.split("\n");
  const offset = (row: number, at: number) =>
    lines.slice(0, row - 1).reduce((sum, one) => sum + one.length + 1, 0) + at - 1;
  const [start, end] = [offset(line, column), offset(endLine, endColumn)];
  return `${text.slice(0, start)}«${text.slice(start, end)}»${text.slice(end)}`;
}

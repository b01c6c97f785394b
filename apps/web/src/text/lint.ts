/** Diagnostics of the language as marks in the editor. */
import type { Diagnostic as Mark } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Diagnostic } from "@flowmgr/flow-model";

/** The range in the document. What lies outside (the text moved on meanwhile) is drawn in, never thrown. */
export function rangeOf(doc: Text, diagnostic: Diagnostic): { from: number; to: number } {
  const from = offsetAt(doc, diagnostic.line ?? 1, diagnostic.column ?? 1);
  const to = offsetAt(
    doc,
    diagnostic.endLine ?? diagnostic.line ?? 1,
    diagnostic.endColumn ?? diagnostic.column ?? 1,
  );
  return { from, to: Math.max(from, to) };
}

function offsetAt(doc: Text, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(from + Math.max(column, 1) - 1, to);
}

/** Replaces what the diagnostic underlines. */
export function applyFix(view: EditorView, range: { from: number; to: number }, text: string): void {
  view.dispatch({
    changes: { ...range, insert: text },
    selection: { anchor: range.from + text.length },
    userEvent: "input.fix",
  });
}

/** A mark for the editor. One over many lines (a whole flow) is drawn under its first: a page of waves says less. */
export function markOf(doc: Text, diagnostic: Diagnostic): Mark {
  const { from, to } = rangeOf(doc, diagnostic);
  const { message, help, severity, fixes = [] } = diagnostic;
  return {
    from,
    to: fixes.length > 0 ? to : Math.min(to, doc.lineAt(from).to),
    severity,
    message: help ? `${message}: ${help}` : message,
    actions: fixes.flatMap((fix) =>
      "text" in fix
        ? [
            {
              name: fix.label,
              apply: (view: EditorView, start: number, end: number) =>
                applyFix(view, { from: start, to: end }, fix.text),
            },
          ]
        : [],
    ),
  };
}

/** Diagnostics of the language as marks in the editor. */
import type { Diagnostic as Mark } from "@codemirror/lint";
import type { Text } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Diagnostic, Fix } from "@flowmgr/flow-model";
import { navigate } from "wouter/use-browser-location";
import { testAddress } from "../ui/packet-link.ts";
import { editText } from "./edit-text.ts";
import { smallest } from "./session.ts";

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

/** Replaces what the diagnostic underlines, or makes its edits in the text; one step of the editor's undo. */
export function applyFix(view: EditorView, range: { from: number; to: number }, fix: Fix): void {
  if ("text" in fix) {
    view.dispatch({
      changes: { ...range, insert: fix.text },
      selection: { anchor: range.from + fix.text.length },
      userEvent: "input.fix",
    });
    return;
  }
  const text = view.state.doc.toString();
  const edited = editText(text, fix.edits);
  if (edited !== null) view.dispatch({ changes: smallest(text, edited), userEvent: "input.fix" });
}

/** A mark for the editor. One over many lines (a whole flow) is drawn under its first: a page of waves says less. */
export function markOf(doc: Text, diagnostic: Diagnostic): Mark {
  const { from, to } = rangeOf(doc, diagnostic);
  const { message, help, severity, packet, fixes = [] } = diagnostic;
  return {
    from,
    to: fixes.some((fix) => "text" in fix) ? to : Math.min(to, doc.lineAt(from).to),
    severity,
    message: help && !fixes.some((fix) => "edits" in fix) ? `${message}: ${help}` : message,
    actions: [
      ...fixes.map((fix) => ({
        name: fix.label,
        apply: (view: EditorView, from: number, to: number) => applyFix(view, { from, to }, fix),
      })),
      ...(packet ? [{ name: "Test such a packet", apply: () => navigate(testAddress(packet)) }] : []),
    ],
  };
}

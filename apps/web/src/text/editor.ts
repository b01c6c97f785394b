/** The editor's parts and its looks, from the page's own colours. */
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { codeFolding, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, type TransactionSpec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  ViewPlugin,
} from "@codemirror/view";
import type { Diagnostic } from "@flowmgr/flow-model";
import { editorLooks } from "../ui/editor-looks.ts";
import { completeFlowText, type KnownValues } from "./completion.ts";
import { type ListHelp, wordHelp } from "./hover.ts";
import { flowText } from "./language.ts";
import { markOf } from "./lint.ts";
import { wordLooks } from "./looks.ts";

/** How many marks the editor draws; the list below it counts them all. */
const MARKS = 1000;

export function flowEditor(known: KnownValues, list: ListHelp): Extension {
  return [
    lineNumbers(),
    lintGutter(),
    foldGutter({ openText: "⌄", closedText: "›" }),
    codeFolding({ placeholderText: "…" }),
    history(),
    drawSelection(),
    indentOnInput(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    search({ top: true }),
    autocompletion({ override: [completeFlowText(known)], icons: false }),
    wordHelp(list),
    flowText(),
    keymap.of([
      ...completionKeymap,
      ...lintKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...defaultKeymap,
    ]),
    EditorView.lineWrapping,
    EditorState.phrases.of({
      "Fold line": "Fold this flow",
      "Unfold line": "Unfold this flow",
    }),
    EditorView.contentAttributes.of({
      "aria-label": "The flows as text",
      "aria-describedby": "text-state",
      spellcheck: "false",
      tabindex: "0",
    }),
    keepsCaretInSight,
    editorLooks,
    wordLooks,
  ];
}

/** Where the editor gets lower, as when problems come below it, the line that one types in stays in sight. */
const keepsCaretInSight = ViewPlugin.define((view) => {
  const { scrollDOM } = view;
  let height = scrollDOM.clientHeight;
  const observer = new ResizeObserver(() => {
    const before = height;
    height = scrollDOM.clientHeight;
    if (height >= before || !view.hasFocus) return;
    const { head } = view.state.selection.main;
    const caret = view.coordsAtPos(head);
    const wasSeen = caret !== null && caret.bottom - scrollDOM.getBoundingClientRect().top <= before;
    if (wasSeen) view.dispatch({ effects: EditorView.scrollIntoView(head) });
  });
  observer.observe(scrollDOM);
  return { destroy: () => observer.disconnect() };
});

export function showMarks(state: EditorState, diagnostics: readonly Diagnostic[]): TransactionSpec {
  return setDiagnostics(
    state,
    diagnostics.slice(0, MARKS).map((diagnostic) => markOf(state.doc, diagnostic)),
  );
}

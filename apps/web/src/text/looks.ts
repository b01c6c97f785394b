import { EditorView } from "@codemirror/view";

/** How the words of the language look in the editor. */
export const wordLooks = EditorView.theme({
  ".cm-flow-item": { color: "var(--ink-muted)" },
  ".cm-flow-name": { fontWeight: "700" },
  ".cm-flow-permit": { color: "var(--permit)", fontWeight: "600" },
  ".cm-flow-deny": { color: "var(--deny)", fontWeight: "600" },
  ".cm-flow-director": { color: "var(--director)", fontWeight: "600" },
  ".cm-flow-table": { color: "var(--table)", fontWeight: "600" },
  ".cm-flow-off": { color: "var(--ink-muted)", fontStyle: "italic" },
  ".cm-flow-undecided": { fontWeight: "600" },
  ".cm-flow-verb": { fontWeight: "600" },
  ".cm-flow-not": { color: "var(--deny)" },
  ".cm-flow-condition": { color: "var(--ink-muted)" },
  ".cm-flow-comment": { color: "var(--ink-muted)", fontStyle: "italic" },
});

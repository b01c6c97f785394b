/** How an editor looks: the page's tokens, so one theme serves light and dark. */
import { EditorView } from "@codemirror/view";

const button = {
  font: "inherit",
  fontSize: "var(--small)",
  color: "var(--ink)",
  background: "var(--ground)",
  border: "1px solid var(--line-strong)",
  borderRadius: "6px",
  padding: "3px 10px",
  cursor: "pointer",
};

const tooltips = {
  ".cm-tooltip": {
    border: "1px solid var(--line-strong)",
    borderRadius: "8px",
    background: "var(--ground)",
    color: "var(--ink)",
    boxShadow: "0 4px 16px rgb(0 0 0 / 12%)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": {
    fontFamily: "var(--mono)",
    fontSize: "var(--small)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 12px", lineHeight: "20px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    background: "var(--accent-soft)",
    color: "var(--ink)",
  },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionInfo, .cm-word-help": {
    margin: "0",
    maxWidth: "320px",
    padding: "8px 12px",
    font: "400 var(--small) / 18px var(--sans)",
  },
  ".cm-diagnostic": {
    maxWidth: "420px",
    padding: "8px 12px",
    font: "400 var(--small) / 18px var(--sans)",
    borderLeft: "3px solid var(--error)",
  },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-diagnosticAction": {
    ...button,
    margin: "6px 8px 0 0",
    display: "inline-block",
  },
};

const panels = {
  ".cm-panels": { background: "var(--ground-side)", color: "var(--ink)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-search.cm-panel": {
    padding: "8px 40px 8px 20px",
    font: "400 var(--small) / 20px var(--sans)",
  },
  ".cm-search.cm-panel label": {
    fontSize: "var(--small)",
    display: "inline-flex",
    gap: "4px",
  },
  ".cm-search.cm-panel .cm-textfield": {
    font: "400 var(--small) / 20px var(--mono)",
    color: "var(--ink)",
    background: "var(--ground)",
    border: "1px solid var(--control-line)",
    borderRadius: "6px",
    padding: "3px 8px",
    maxWidth: "100%",
  },
  ".cm-search.cm-panel .cm-button": { ...button, backgroundImage: "none" },
  ".cm-search.cm-panel [name=close]": {
    ...button,
    top: "8px",
    right: "12px",
    padding: "0 8px",
  },
};

/** A wavy line by text-decoration: it takes its colour from the theme, which a drawn image cannot. */
const underline = (colour: string) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${colour}`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
});

export const editorLooks = EditorView.theme({
  "&": { height: "100%", background: "var(--ground)", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--mono)",
    fontSize: "var(--small)",
    lineHeight: "20px",
  },
  ".cm-content": { padding: "12px 0 48px", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 20px 0 8px" },
  ".cm-cursor, .cm-dropCursor": {
    borderLeftColor: "var(--ink)",
    borderLeftWidth: "2px",
  },
  ".cm-gutters": {
    background: "var(--ground)",
    color: "var(--ink-muted)",
    border: "none",
  },
  ".cm-lineNumbers .cm-gutterElement": {
    minWidth: "44px",
    padding: "0 8px 0 12px",
  },
  ".cm-foldGutter .cm-gutterElement": {
    width: "16px",
    cursor: "pointer",
    textAlign: "center",
  },
  ".cm-foldPlaceholder": {
    background: "var(--ground-hover)",
    border: "1px solid var(--line)",
    color: "var(--ink-muted)",
    padding: "0 6px",
    margin: "0 4px",
  },
  ".cm-activeLine, .cm-activeLineGutter": { background: "var(--ground-hover)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "light-dark(#cfdaff, #2c3a6e)",
  },
  ".cm-selectionMatch": { background: "light-dark(#e6ebff, #262f52)" },
  ".cm-searchMatch": { background: "light-dark(#ffeab0, #54430f)" },
  ".cm-searchMatch-selected": { background: "light-dark(#ffd25e, #7a6110)" },
  ".cm-lintRange-error": underline("var(--error)"),
  ".cm-lintRange-warning": underline("var(--warning)"),
  ".cm-lintPoint-error::after": { borderBottomColor: "var(--error)" },
  ".cm-lintPoint-warning::after": { borderBottomColor: "var(--warning)" },
  ".cm-gutter-lint": { width: "14px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-lint-marker": {
    width: "8px",
    height: "8px",
    margin: "6px 3px",
    content: "''",
    borderRadius: "50%",
  },
  ".cm-lint-marker-error": { background: "var(--error)", content: "''" },
  ".cm-lint-marker-warning": {
    background: "var(--warning)",
    content: "''",
    borderRadius: "2px",
  },
  ...tooltips,
  ...panels,
});

/** What the analysis finds in the draft as one edits it. */
export { FindingNotes } from "./finding-notes.tsx";
export { isFinding } from "./is-finding.ts";
export { useChecked, useFindings, useKnown } from "./use-findings.ts";

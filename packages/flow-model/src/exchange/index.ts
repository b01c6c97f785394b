/** Configs in other people's words: export in those of the original page, import from it and from iptables. */
export { freeName } from "./free-name.ts";
export { type ImportSource, importSourceOf, importText, LONGEST } from "./import.ts";
export type { Imported, LeftOut } from "./imported.ts";
export { NO_FLOW } from "./page-import.ts";
export { exportPageWords, type PageWords } from "./page-words.ts";

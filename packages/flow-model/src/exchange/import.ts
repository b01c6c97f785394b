/** A text of which nobody said what it is. */
import type { Imported } from "./imported.ts";
import { type IptablesOptions, importIptables } from "./iptables-import.ts";
import { looksLikeSave } from "./iptables-text.ts";
import { importPage } from "./page-import.ts";

export type ImportSource = "page" | "iptables-save";

/**
 * Characters that are read at once. A page of the original is some 30 000, ten thousand flows in text one million and
 * in iptables-save three. Reading so many takes seconds, in which a server answers nobody else and a page stands still.
 */
export const LONGEST: Readonly<Record<ImportSource, number>> = {
  page: 1_000_000,
  "iptables-save": 4_000_000,
};

/** What a text looks like. */
export function importSourceOf(text: string): ImportSource {
  return looksLikeSave(text) ? "iptables-save" : "page";
}

/** The flows of a text, and all that became none. Never throws. */
export function importText(text: string, from: ImportSource, options: IptablesOptions = {}): Imported {
  return from === "page" ? importPage(text) : importIptables(text, options);
}

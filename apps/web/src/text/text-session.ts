/** The one text session of this tab, joined to the draft, the worker and the browser's storage. */
import type { Status } from "@flowmgr/flow-api";
import { type Config, EMPTY_CONFIG, listsOf, print } from "@flowmgr/flow-model";
import { directorSuggestions, suggestionsFor, tableSuggestions } from "../api/index.ts";
import { checkBeside } from "./check.ts";
import type { KnownValues } from "./completion.ts";
import { flowEditor, showMarks } from "./editor.ts";
import { TextSession } from "./session.ts";
import { keepUnsavedText, unsavedText } from "./unsaved.ts";

/** From the last key to the check: long enough for a word, short enough to look at once. */
const CHECK_AFTER_MS = 250;

type Draft = { replace(config: Config): void; letGo(): void };

let draft: Draft | null = null;
let config: Config = EMPTY_CONFIG;
let status: Status | undefined;

const known: KnownValues = {
  directors: () => directorSuggestions(status),
  tables: () => tableSuggestions(status),
  values: (kind, protocols) => suggestionsFor(kind, protocols, config, status),
  listValues: () => listsOf(config).map(({ name }) => ({ value: `@${name}` })),
};

/** Most values of a list that its help names. */
const SHOWN = 12;

/** What a list of the draft holds; null when it has none of that name. */
export function listHelp(name: string): string | null {
  const list = listsOf(config).find((one) => one.name === name);
  if (!list) return null;
  const more = list.values.length > SHOWN ? `, and ${list.values.length - SHOWN} more` : "";
  return `@${name}: ${list.values.slice(0, SHOWN).join(", ")}${more}`;
}

/** The place says how to reach the draft; it stays reachable when the place has gone. */
export function joinDraft(reach: Draft): void {
  draft = reach;
}

/** What completion and hover know: the draft as it was last right, and the machine. */
export function knowMachine(draftConfig: Config | null, machine: Status | undefined): void {
  config = draftConfig ?? EMPTY_CONFIG;
  status = machine;
}

export const textSession = new TextSession({
  extensions: flowEditor(known, listHelp),
  check: checkBeside,
  print,
  replace: (config) => draft?.replace(config),
  letGo: () => draft?.letGo(),
  kept: unsavedText,
  keep: keepUnsavedText,
  mark: showMarks,
  now: () => new Date().toISOString(),
  checkAfter: CHECK_AFTER_MS,
});

addEventListener("pagehide", textSession.flush);

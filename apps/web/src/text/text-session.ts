/** The one text session of this tab, joined to the draft, the worker and the browser's storage. */
import { type Config, print } from "@flowmgr/flow-model";
import { checkBeside } from "./check.ts";
import type { KnownValues } from "./completion.ts";
import { flowEditor, showMarks } from "./editor.ts";
import { TextSession } from "./session.ts";
import { keepUnsavedText, unsavedText } from "./unsaved.ts";

/** From the last key to the check: long enough for a word, short enough to look at once. */
const CHECK_AFTER_MS = 250;

type Draft = { replace(config: Config): void; letGo(): void };

let draft: Draft | null = null;
let known: KnownValues = { interfaces: [], directors: [], tables: [] };

/** The place says how to reach the draft; it stays reachable when the place has gone. */
export function joinDraft(reach: Draft): void {
  draft = reach;
}

export function knowValues(values: KnownValues): void {
  known = values;
}

export const textSession = new TextSession({
  extensions: flowEditor(() => known),
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

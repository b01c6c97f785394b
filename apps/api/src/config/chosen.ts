/** Which config a question is about. */
import { type Config, checkText, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { openJournal } from "../apply/journal.ts";
import type { Parts } from "../parts.ts";
import { notFound } from "../problem.ts";
import { knownConfigs, refuseErrors } from "./body.ts";

type Choosing = Pick<Parts, "draft" | "engine" | "db" | "settings">;

/** What a body says of it; `text` goes before `config`, neither means the draft. */
export type Choice = {
  config?: "draft" | "running" | number | undefined;
  text?: string | undefined;
};

/** Throws Problem: 422 with the errors of the text, 404 for a revision that is not there. */
export function chosenConfig(
  { draft, engine, db, settings }: Choosing,
  { config = "draft", text }: Choice,
): Config {
  if (text !== undefined) {
    const read = checkText(text, knownConfigs({ draft, engine }));
    refuseErrors(read.diagnostics);
    return read.config;
  }
  if (config === "draft") return draft.get().config;
  if (config === "running") return engine.running()?.config ?? EMPTY_CONFIG;
  const revision = openJournal(db, settings.markMask).get(config);
  if (!revision) throw notFound(`There is no revision ${config}.`);
  return revision.config;
}

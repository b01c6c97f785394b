/** What check says of a config beyond what one rule shows by itself: what is found over all packets. */
import type { Check } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, locate, type Places } from "@flowmgr/flow-model";
import { countsOf } from "../config/answer.ts";
import type { Parts } from "../parts.ts";
import type { Asked } from "./analyst.ts";

type Checked = {
  config: Config;
  /** What is known of it already, and where each part of it stands. */
  diagnostics: Diagnostic[];
  places: Places;
  /** False when check finds errors in it: nobody can say what it does to packets. */
  sound: boolean;
};

/** All that is to say of a config, with what is found over all packets where it has no errors. */
export async function checkAll(
  { analyst }: Pick<Parts, "analyst">,
  { config, diagnostics, places, sound }: Checked,
  asked: Asked,
): Promise<Check> {
  if (!sound) return { diagnostics, counts: countsOf(config, diagnostics) };
  const dead = await analyst.deadRules(config, asked);
  const all = locate([...diagnostics, ...dead.diagnostics], places);
  return {
    diagnostics: all,
    counts: countsOf(config, all),
    findings: { status: dead.status, open: dead.open, expectations: [] },
  };
}

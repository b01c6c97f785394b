/** What check says of a config beyond what one rule shows by itself: what is found over all packets. */
import type { Check } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, locate, type Places } from "@flowmgr/flow-model";
import { type Guards, guardsOf } from "../apply/guards.ts";
import { countsOf } from "../config/answer.ts";
import type { Caller, Parts } from "../parts.ts";
import type { Asked } from "./asking.ts";
import { expectationsOf } from "./expectations.ts";

type Checked = {
  config: Config;
  /** What is known of it already, and where each part of it stands. */
  diagnostics: Diagnostic[];
  places: Places;
  /** False when check finds errors in it: nobody can say what it does to packets. */
  sound: boolean;
};

/**
 * All that is to say of a config, with what is found over all packets where it has no errors. `caller`: who would be
 * cut off by it, where it is meant for this machine.
 */
export async function checkAll(
  parts: Pick<Parts, "analyst" | "settings" | "engine">,
  { config, diagnostics, places, sound }: Checked,
  asked: Asked,
  caller?: Caller,
): Promise<Check> {
  if (!sound) return { diagnostics, counts: countsOf(config, diagnostics) };
  const [dead, guards] = await Promise.all([
    parts.analyst.deadRules(config, asked),
    caller ? guardsOf(parts, { config, places }, caller, asked) : expectationsAlone(parts, config, asked),
  ]);
  const all = locate([...diagnostics, ...dead.diagnostics, ...guards.diagnostics], places);
  const { status, expectations } = guards.expectations;
  return {
    diagnostics: all,
    counts: countsOf(config, all),
    findings: {
      status: dead.status === "complete" ? status : "partial",
      open: dead.open,
      expectations,
    },
  };
}

async function expectationsAlone(
  parts: Pick<Parts, "analyst">,
  config: Config,
  asked: Asked,
): Promise<Omit<Guards, "lockout">> {
  const { diagnostics, ...expectations } = await expectationsOf(parts, config, asked);
  return { diagnostics, expectations };
}

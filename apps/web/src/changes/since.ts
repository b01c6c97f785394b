import type { Config } from "@flowmgr/flow-model";
import type { Step } from "../api/index.ts";
import { inverse, patched, sameConfig } from "../api/patch.ts";

/** The steps since `config` was last what is in force, the latest first; all of them when it was so before the list. */
export function stepsSince(undo: readonly Step[], config: Config, running: Config): Step[] {
  const since: Step[] = [];
  let at = config;
  for (const step of undo.toReversed()) {
    if (sameConfig(at, running)) break;
    since.push(step);
    at = patched(at, inverse(step.patch)).config;
  }
  return since;
}

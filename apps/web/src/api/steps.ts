/** The undo list, latest last. */
import type { Config } from "@flowmgr/flow-model";
import { composed, isEmpty, type Patch } from "./patch.ts";

/** One entry of the undo list: "remove mail". `by` is who else made it, or null; `at` in RFC 3339. */
export type Step = { label: string; by: string | null; at: string; patch: Patch };

/** Steps kept; each holds what it changed and no more. */
const UNDO_DEPTH = 200;

/** Milliseconds within which typing goes on: a longer pause begins another step. */
const PAUSE = 5000;

export function pushed(steps: Step[], step: Step): Step[] {
  return [...steps, step].slice(-UNDO_DEPTH);
}

/** Whether the step is of one typing with the last one. */
export function goesOn(steps: readonly Step[], { label, at }: Step): boolean {
  const last = steps.at(-1);
  if (last?.by !== null || last.label !== label) return false;
  return Date.parse(at) - Date.parse(last.at) < PAUSE;
}

/** The last step, which led to `config`, and this one as one; none when that comes to nothing. */
export function joined(undo: Step[], step: Step, config: Config): Step[] {
  const last = undo.at(-1);
  const patch = last ? composed(config, last.patch, step.patch) : step.patch;
  return isEmpty(patch) ? undo.slice(0, -1) : [...undo.slice(0, -1), { ...step, patch }];
}

/** Why Apply cannot be pressed now; the first reason that a person can do something about. */
import type { Plan, Status } from "@flowmgr/flow-api";
import { counted } from "../ui/say.ts";

export type Known = {
  plan: Plan;
  status: Status | undefined;
  online: boolean;
  /** Every edit has reached the server. */
  settled: boolean;
  /** The draft became another while this place was open, and nobody has looked at it yet. */
  moved: boolean;
  /** The plan is of what was before; that of now is being worked out. */
  outdated: boolean;
  applying: boolean;
};

/** One sentence, or null when Apply may be pressed. */
export function blockedBy({
  plan,
  status,
  online,
  settled,
  moved,
  outdated,
  applying,
}: Known): string | null {
  if (applying || status?.state === "applying") return "An apply is running.";
  if (!online) return "The server does not answer. The rules in the kernel stay in force.";
  if (!settled) return "Your last edit is not saved yet.";
  if (status?.unconfirmed) {
    return `Revision ${status.unconfirmed.revision} waits for its answer: keep it or go back first.`;
  }
  if (outdated) return "What would change is being worked out.";
  const errors = plan.diagnostics.filter(({ severity }) => severity === "error").length;
  if (errors > 0) return `${counted(errors, "error")} to solve first.`;
  if (moved) return "The draft changed: read what it would do now.";
  if (changesNothing(plan)) return "The draft is what is in force: there is nothing to apply.";
  return plan.applicable ? null : "The server would not take this draft.";
}

/** Neither the text nor the kernel would change. */
export function changesNothing(plan: Plan): boolean {
  const { ip, ip6 } = plan.kernel;
  return (
    plan.text === "" &&
    plan.changes.length === 0 &&
    [ip, ip6].every((family) => !family || isUntouched(family))
  );
}

export type FamilyPlan = Plan["kernel"]["ip"];

export function isUntouched({ restore, ipRules, routes }: FamilyPlan): boolean {
  return restore === "" && [ipRules, routes].every(({ add, remove }) => add.length + remove.length === 0);
}

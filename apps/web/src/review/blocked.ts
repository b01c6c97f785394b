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
  /** The person takes the lock-out upon himself. */
  accepted: boolean;
};

/** Why not, and where a person can do something about it. */
export type Blocked = { reason: string; way?: { href: string; label: string } };

/** Null when Apply may be pressed. */
export function blockedBy(known: Known): Blocked | null {
  const { plan, status, online, settled, moved, outdated, applying, accepted } = known;
  if (applying || status?.state === "applying") return { reason: "An apply is running." };
  if (!online) return { reason: "The server does not answer. The rules in the kernel stay in force." };
  if (!settled) return { reason: "Your last edit is not saved yet." };
  if (status?.unconfirmed) {
    const { revision } = status.unconfirmed;
    return { reason: `Revision ${revision} waits for its answer: keep it or go back first.` };
  }
  if (outdated) return { reason: "What would change is being worked out." };
  const errors = blockedByErrors(plan);
  if (errors) return errors;
  const lockout = stopsAtLockout(plan);
  if (lockout && !accepted) return { reason: "Somebody would be cut off: see above." };
  if (moved) return { reason: "The draft changed: read what it would do now." };
  if (changesNothing(plan)) return { reason: "The draft is what is in force: there is nothing to apply." };
  // The server's own no does not know what was accepted.
  return plan.applicable || lockout ? null : { reason: "The server would not take this draft." };
}

function blockedByErrors({ diagnostics }: Plan): Blocked | null {
  const all = diagnostics.filter(({ severity, code }) => severity === "error" && code !== LOCKOUT);
  const expected = all.filter(({ code }) => code.startsWith("expectation-")).length;
  const others = all.length - expected;
  if (others > 0) {
    return {
      reason: `${counted(others, "error")} to solve first.`,
      way: { href: "/text", label: "Go to the text" },
    };
  }
  if (expected === 0) return null;
  const verb = all.every(({ code }) => code === "expectation-open") ? "not proven" : "not met";
  return {
    reason: `${counted(expected, "expectation")} ${verb}.`,
    way: { href: "/expectations", label: "Go to the expectations" },
  };
}

/** The code of what a lock-out is told as. */
export const LOCKOUT = "lockout";

/** An apply is refused for it unless it is accepted. */
export function stopsAtLockout({ diagnostics }: Plan): boolean {
  return diagnostics.some(({ severity, code }) => severity === "error" && code === LOCKOUT);
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

export function isUntouched({ restore, ipRules, routes, sets }: FamilyPlan): boolean {
  return (
    restore === "" && [ipRules, routes, sets].every(({ add, remove }) => add.length + remove.length === 0)
  );
}

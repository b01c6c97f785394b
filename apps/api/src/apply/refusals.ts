/** Why an apply, a confirm or a revert was not taken, as answers for people. */
import { type Config, type Diagnostic, locate, printWithPlaces } from "@flowmgr/flow-model";
import { KernelError } from "@flowmgr/kernel";
import { Problem } from "../problem.ts";
import type { Refusal, State } from "./machine.ts";

/** A 409 that says what is going on instead. */
export function conflict(reason: Refusal["refused"], state: State): Problem {
  const detail = {
    busy: whatGoesOn(state),
    "nothing-unconfirmed": "Nothing waits to be confirmed: it was confirmed, taken back or its time ran out.",
    "other-revision": `Revision ${"trying" in state ? state.trying : "?"} waits to be confirmed, not the one that was named.`,
  }[reason];
  return new Problem({ status: 409, code: reason, title: "Not now", detail });
}

function whatGoesOn(state: State): string {
  switch (state.at) {
    case "unconfirmed":
      return `Revision ${state.trying} waits to be confirmed. Confirm it or take it back first; nothing of yours was changed.`;
    case "applying":
      return `Revision ${state.trying} is being applied. Try again when it is done; nothing of yours was changed.`;
    case "idle":
      return "Something else was applied meanwhile. Look at what is in force now, and try again.";
    default:
      return "The rules of the running revision are being put back. Try again when the status is in sync.";
  }
}

/** The 422 of a config that cannot become a program. */
export function invalid(error: Diagnostic): Problem {
  return new Problem({
    status: 422,
    code: "invalid-config",
    title: "The config has an error",
    detail: `${error.flow ? `Flow ${error.flow}: ` : ""}${error.message}`,
    diagnostics: [error],
  });
}

/** The 502 of a way back that did not work yet. */
export function notRestored(said: string): Problem {
  return new Problem({
    status: 502,
    code: "not-restored",
    title: "The old rules are not back",
    detail: `The old rules could not be put back yet; it is tried again until it works. ${said}`,
  });
}

/** The 507 of a way back that is done, but not written down. `trouble`: why not, a sentence without its full stop. */
export function notKept(trouble: string): Problem {
  return new Problem({
    status: 507,
    code: "storage",
    title: "The data directory cannot be written",
    detail: `The old rules are in force again. ${trouble}. Make room there: a server that is started before that would try the new rules again until their time is up.`,
  });
}

/** Confirming proves that the new rules let the admin in, which an older connection cannot. */
export function staleConnection(): Problem {
  return new Problem({
    status: 409,
    code: "stale-connection",
    title: "Not a fresh connection",
    detail:
      "This connection is older than the new rules, so it proves nothing about them. Confirm over a new one: this one is closed with this answer.",
  });
}

/** The 502 of a program that the kernel did not take. */
export function kernelRefused(error: KernelError, config: Config): Problem {
  // What came of it is in the message; what is done about it is not.
  const next = error.oldRulesInForce ? "" : " The old rules are being put back; see the status.";
  return new Problem({
    status: 502,
    code: "kernel-refused",
    title: "The kernel refused the rules",
    detail: `${error.message}.${next}`,
    diagnostics: [kernelDiagnostic(error, config)],
  });
}

/** The 502 of a machine that cannot be asked: its namespace is gone, a tool is broken. */
export function unreadable(detail: string): Problem {
  return new Problem({ status: 502, code: "kernel-unreadable", title: "The kernel cannot be read", detail });
}

/** Runs the task; what the kernel refuses is thrown as an answer in the words of the config, Problem 502. */
export async function inWords<Result>(config: Config, task: () => Promise<Result>): Promise<Result> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof KernelError) throw kernelRefused(error, config);
    throw error;
  }
}

/** What the kernel said, at the flow and rule that it said it of. */
export function kernelDiagnostic(error: KernelError, config: Config): Diagnostic {
  const { source, said } = error;
  const item = config.items.findIndex((one) => one.kind !== "expect" && one.name === source?.flow);
  const diagnostic: Diagnostic = {
    code: "kernel-refused",
    severity: "error",
    message: `the kernel refused this: ${said}`,
    ...(source && { flow: source.flow }),
    ...(source?.rule && { rule: source.rule }),
    ...(item >= 0 && {
      path: source?.rule ? `/items/${item}/rules/${source.rule - 1}` : `/items/${item}`,
    }),
  };
  return placed(diagnostic, config);
}

/** The diagnostic with the line and column that its path has in the config's text. */
export function placed(diagnostic: Diagnostic, config: Config): Diagnostic {
  return locate([diagnostic], printWithPlaces(config).places)[0] ?? diagnostic;
}

export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Turns the failure of a reading into an answer. */
export async function readable<Result>(reading: Promise<Result>): Promise<Result> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof KernelError ? unreadable(`The kernel cannot be read: ${error.said}.`) : error;
  }
}

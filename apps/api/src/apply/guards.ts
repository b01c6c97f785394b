/** What stops an apply over all packets: what the config itself expects and does not keep, and who would be cut off. */
import type { Findings, Lockout, LockoutFinding } from "@flowmgr/flow-api";
import {
  type Config,
  checkText,
  type Diagnostic,
  type Edit,
  type Fix,
  locate,
  type Places,
  print,
} from "@flowmgr/flow-model";
import type { Asked } from "../analysis/asking.ts";
import { expectationsOf } from "../analysis/expectations.ts";
import { lockoutFor } from "../lockout/lockout.ts";
import type { Caller, Engine, Parts } from "../parts.ts";
import { Problem } from "../problem.ts";
import { blocking } from "./blocking.ts";

/** Milliseconds for the guards of an apply, each: who applies rather waits than hears that nothing was proven. */
const APPLY_BUDGET = 10_000;

type GuardParts = Pick<Parts, "settings" | "analyst"> & { engine: Pick<Engine, "state"> };

export type Guards = {
  diagnostics: Diagnostic[];
  lockout: Lockout;
  expectations: Pick<Findings, "status" | "expectations">;
};

/** `config` has no errors; `places`: where its parts stand in a text. */
export async function guardsOf(
  parts: GuardParts,
  { config, places }: { config: Config; places: Places },
  caller: Caller,
  asked: Asked,
): Promise<Guards> {
  const [{ diagnostics, ...expectations }, lockout] = await Promise.all([
    expectationsOf(parts, config, asked),
    lockoutFor(parts, config, caller, asked),
  ]);
  const cutOff = lockoutDiagnostics(lockout, config, parts.settings.target.kind === "host");
  return { diagnostics: locate([...diagnostics, ...cutOff], places), lockout, expectations };
}

function lockoutDiagnostics({ status, findings }: Lockout, config: Config, real: boolean): Diagnostic[] {
  const found = findings.map((finding) => lockoutDiagnostic(finding, config));
  if (status === "complete") return found;
  const open: Diagnostic = {
    code: "lockout",
    severity: real ? "error" : "warning",
    message: "could not be proven in time that nobody is cut off",
    help: "try again; or, where somebody can get at the machine's console, accept the lock-out",
  };
  return [...found, open];
}

function lockoutDiagnostic(finding: LockoutFinding, config: Config): Diagnostic {
  const { sentence, decider, sample, blocks, fix } = finding;
  const [first] = decider.by;
  const index = config.items.findIndex(
    (item) => "name" in item && item.kind !== "list" && item.name === first?.flow,
  );
  const path = index < 0 ? null : `/items/${index}${first?.rule ? `/rules/${first.rule - 1}` : ""}`;
  return {
    code: "lockout",
    severity: blocks ? "error" : "warning",
    message: sentence,
    ...(fix && { help: fix.label, fixes: [fixOf(fix)] }),
    ...(path && { path }),
    ...(first && { flow: first.flow }),
    ...(first?.rule && { rule: first.rule }),
    by: decider.by,
    packet: sample.line,
  };
}

function fixOf({ label, text, before }: NonNullable<LockoutFinding["fix"]>): Fix {
  const edits = checkText(text).config.items.map((item): Edit => ({ do: "add", item, before }));
  return { label, edits };
}

type Applying = {
  config: Config;
  places: Places;
  /** What is known of it already. */
  diagnostics: Diagnostic[];
  accept: readonly string[];
  caller: Caller;
};

/** Throws Problem 422 when the guards stop this apply. What is in force already cuts nobody off any more. */
export async function refuseGuarded(
  parts: Parts,
  { config, places, diagnostics, accept, caller }: Applying,
): Promise<void> {
  if (parts.engine.running()?.text === print(config)) return;
  const asked: Asked = { budget: APPLY_BUDGET };
  // Where no lock-out can stop it, nobody waits until the machine is read.
  const mayStop = parts.settings.target.kind === "host" && !accept.includes("lockout");
  const found = mayStop
    ? (await guardsOf(parts, { config, places }, caller, asked)).diagnostics
    : locate((await expectationsOf(parts, config, asked)).diagnostics, places);
  const stopping = blocking(found, accept);
  if (stopping.length > 0) throw stopped(stopping, [...diagnostics, ...found]);
}

/** `stopping`: those that nobody has taken upon himself. */
function stopped(stopping: readonly Diagnostic[], diagnostics: Diagnostic[]): Problem {
  const [first] = stopping;
  const more = stopping.length === 1 ? "" : ` (and ${stopping.length - 1} more)`;
  const cutOff = stopping.every(({ code }) => code === "lockout");
  const way = cutOff ? " To apply all the same, accept the lockout by name." : "";
  return new Problem({
    status: 422,
    code: cutOff ? "lockout" : "invalid-config",
    title: cutOff ? "Somebody would be cut off" : "The config does not keep what it expects",
    detail: `${first?.message}${more}.${way}`,
    diagnostics,
  });
}

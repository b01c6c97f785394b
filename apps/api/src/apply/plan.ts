/** What an apply would do, in every form that somebody may want to read before it happens. */
import type { Plan } from "@flowmgr/flow-api";
import { type Config, changes, type Diagnostic, EMPTY_CONFIG, print } from "@flowmgr/flow-model";
import type { Asked } from "../analysis/analyst.ts";
import { packetsOf } from "../analysis/packets.ts";
import type { Engine, Parts } from "../parts.ts";
import { NO_KERNEL_PLAN } from "./plan-kernel.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** Diagnostics that whoever applies may take upon himself by name. */
const ACCEPTABLE: ReadonlySet<string> = new Set(["lockout"]);

/** The errors among diagnostics that an apply stops at. */
export function blocking(diagnostics: Diagnostic[], accept: readonly string[]): Diagnostic[] {
  return diagnostics.filter(
    ({ severity, code }) => severity === "error" && !(ACCEPTABLE.has(code) && accept.includes(code)),
  );
}

type Wanted = {
  config: Config;
  diagnostics: Diagnostic[];
  /** False when check finds errors in it: nobody can say what it does to packets. */
  sound: boolean;
  accept: readonly string[];
} & Pick<Plan, "etag" | "authors">;

type PlanParts = Pick<Parts, "analyst"> & { engine: Pick<Engine, "running" | "plan" | "state"> };

/** As things are when it is answered. */
export async function buildPlan(parts: PlanParts, wanted: Wanted, asked: Asked): Promise<Plan> {
  const { engine } = parts;
  const loadable = blocking(wanted.diagnostics, wanted.accept).length === 0;
  const inForce = engine.running();
  const before = inForce?.config ?? EMPTY_CONFIG;
  const [planned, packets] = await Promise.all([
    // A config with errors has no program that the kernel could be asked about.
    loadable ? engine.plan(wanted.config) : { kernel: NO_KERNEL_PLAN, diagnostics: [], moved: [] },
    wanted.sound ? packetsOf(parts, before, wanted.config, asked) : undefined,
  ]);
  // Meanwhile others may have applied, or a countdown ended: a plan from rules that are gone would be a lie.
  if (engine.running() !== inForce) return buildPlan(parts, wanted, asked);
  const { state } = engine.state();
  const free = state === "in-sync" || state === "drift";
  const changed = changes(before, wanted.config);
  return {
    etag: wanted.etag,
    ...changed,
    headline: headline(changed, planned.moved),
    authors: wanted.authors,
    text: unifiedDiff(
      { name: "running", text: print(before) },
      { name: "draft", text: print(wanted.config) },
    ),
    ...(packets && { packets }),
    kernel: planned.kernel,
    diagnostics: [...wanted.diagnostics, ...planned.diagnostics],
    applicable: loadable && planned.diagnostics.length === 0 && free,
  };
}

/** Marks may be the only thing that changes: who set one by hand applies the config that is in force. */
function headline({ changes: flows, headline }: ReturnType<typeof changes>, moved: string[]): string {
  return (flows.length === 0 && moved.length > 0 ? moved : [headline, ...moved]).join("; ");
}

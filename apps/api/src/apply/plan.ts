/** What an apply would do, in every form that somebody may want to read before it happens. */
import type { Plan } from "@flowmgr/flow-api";
import { type Config, changes, type Diagnostic, EMPTY_CONFIG, type Places, print } from "@flowmgr/flow-model";
import type { Asked } from "../analysis/asking.ts";
import { packetsOf } from "../analysis/packets.ts";
import type { Caller, Engine, Parts } from "../parts.ts";
import { blocking } from "./blocking.ts";
import { guardsOf } from "./guards.ts";
import { NO_KERNEL_PLAN } from "./plan-kernel.ts";
import { timed } from "./timing.ts";
import { unifiedDiff } from "./unified-diff.ts";

type Wanted = {
  config: Config;
  diagnostics: Diagnostic[];
  /** False when check finds errors in it: nobody can say what it does to packets. */
  sound: boolean;
  accept: readonly string[];
  places: Places;
  /** Who would be cut off first of all. */
  caller: Caller;
} & Pick<Plan, "etag" | "authors">;

type PlanParts = Pick<Parts, "analyst" | "settings"> & {
  engine: Pick<Engine, "running" | "plan" | "state">;
};

/** As things are when it is answered. */
export async function buildPlan(parts: PlanParts, wanted: Wanted, asked: Asked): Promise<Plan> {
  const { engine } = parts;
  const loadable = blocking(wanted.diagnostics, wanted.accept).length === 0;
  const inForce = engine.running();
  const before = inForce?.config ?? EMPTY_CONFIG;
  const [planned, packets, guards] = await Promise.all([
    // A config with errors has no program that the kernel could be asked about.
    loadable ? engine.plan(wanted.config) : { kernel: NO_KERNEL_PLAN, diagnostics: [], moved: [] },
    wanted.sound ? timed("packets", () => packetsOf(parts, before, wanted.config, asked)) : undefined,
    wanted.sound ? timed("guards", () => guardsOf(parts, wanted, wanted.caller, asked)) : undefined,
  ]);
  // Meanwhile others may have applied, or a countdown ended: a plan from rules that are gone would be a lie.
  if (engine.running() !== inForce) return buildPlan(parts, wanted, asked);
  const { state } = engine.state();
  const free = state === "in-sync" || state === "drift";
  const stopping = blocking(guards?.diagnostics ?? [], wanted.accept);
  const [changed, text] = await timed("diff", () => [
    changes(before, wanted.config),
    unifiedDiff({ name: "running", text: print(before) }, { name: "draft", text: print(wanted.config) }),
  ]);
  return {
    etag: wanted.etag,
    ...changed,
    headline: headline(changed, planned.moved),
    authors: wanted.authors,
    text,
    ...(packets && { packets }),
    ...(guards && { lockout: guards.lockout }),
    kernel: planned.kernel,
    diagnostics: [...wanted.diagnostics, ...(guards?.diagnostics ?? []), ...planned.diagnostics],
    applicable: loadable && stopping.length === 0 && !planned.diagnostics.some(isError) && free,
  };
}

const isError = ({ severity }: Diagnostic) => severity === "error";

/** Marks may be the only thing that changes: who set one by hand applies the config that is in force. */
function headline({ changes: flows, headline }: ReturnType<typeof changes>, moved: string[]): string {
  return (flows.length === 0 && moved.length > 0 ? moved : [headline, ...moved]).join("; ");
}

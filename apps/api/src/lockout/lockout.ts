/** The guard before an apply: who would be locked out, told to people, with what would mend it. */

import {
  conditionsText,
  type Guarded,
  type LostPackets,
  sampleOf,
  toldDeciders,
} from "@flowmgr/flow-analysis";
import type { Lockout, LockoutFinding } from "@flowmgr/flow-api";
import { type Conditions, type Config, type Flow, flowsOf, printFlow } from "@flowmgr/flow-model";
import type { Asked } from "../analysis/asking.ts";
import type { Caller, Engine, Parts } from "../parts.ts";
import { readFacts } from "./facts.ts";
import { guardedSets, listed } from "./guarded.ts";

type GuardedParts = Pick<Parts, "settings" | "analyst"> & { engine: Pick<Engine, "state"> };

/**
 * What an apply of a config without errors would take from the caller, from ssh and this page, from what the machine
 * itself opened and from keepalived. Reads the machine, some 40 ms; never throws: what cannot be read is in `notes`.
 */
export async function lockoutFor(
  { settings, engine, analyst }: GuardedParts,
  config: Config,
  caller: Pick<Caller, "connection">,
  asked: Asked = {},
): Promise<Lockout> {
  const facts = await readFacts(settings, caller, engine.state().judged);
  const { guarded, notes } = guardedSets(facts);
  const { status, findings } = await analyst.lockouts(config, guarded, asked);
  const client = facts.caller.way?.local === false ? facts.caller.connection?.peer : undefined;
  const told = withRepliesJoined(guarded, findings).map(({ one, name, lost }): LockoutFinding => {
    const sentence = `${name} would be ${toldDeciders(lost.decider)}`;
    return {
      ...toldGuarded({ ...one, name }),
      sentence,
      decider: lost.decider,
      sample: sampleOf(lost.packet),
      blocks: one.blocks,
      fix: fixOf(config, one, lost, client ?? null),
    };
  });
  return { status, findings: told, guarded: guarded.map(toldGuarded), notes };
}

function toldGuarded({ what, direction, conditions, name }: Guarded) {
  return { what, direction, text: conditionsText(conditions), name };
}

type Told = { one: Guarded; lost: LostPackets };

/** One finding for all answers that one rule takes: they have one cause and one mend. */
function withRepliesJoined(
  guarded: readonly Guarded[],
  findings: readonly LostPackets[],
): (Told & { name: string })[] {
  const told: (Told & { names: string[] })[] = [];
  const byRule = new Map<string, string[]>();
  for (const lost of findings) {
    const one = guarded[lost.guarded];
    if (!one) continue;
    const key = JSON.stringify([lost.decider.verdict, lost.decider.by[0]]);
    const names = one.what === "replies" ? byRule.get(key) : undefined;
    if (names) names.push(one.name);
    else {
      const fresh = [one.name];
      if (one.what === "replies") byRule.set(key, fresh);
      told.push({ one, lost, names: fresh });
    }
  }
  return told.map(({ one, lost, names }) => ({ one, lost, name: listed([...new Set(names)]) }));
}

/**
 * A flow that lets the guarded packets through, to stand before the one that is to blame. Null where nobody but the
 * admin can say whom to let in.
 */
function fixOf(
  config: Config,
  { what, direction, conditions }: Guarded,
  { decider }: LostPackets,
  client: string | null,
): LockoutFinding["fix"] {
  const [first] = decider.by;
  if (!first) return null;
  const kind = direction === "in" ? "flow" : "outflow";
  const names = new Set(flowsOf(config).map(({ name }) => name));
  const flow = (name: string, asked: Conditions): LockoutFinding["fix"] => {
    const own = freeName(direction === "in" ? name : `${name}-out`, names);
    const permit: Flow = {
      kind,
      name: own,
      policy: { action: "permit" },
      skipped: false,
      rules: [{ verb: "match", off: false, conditions: asked, comment: [], note: "" }],
      comment: [],
      note: "",
    };
    return { label: `Add ${kind} ${own} before ${first.flow}`, text: printFlow(permit), before: first.flow };
  };
  const { proto, src, dst, srcport, dstport } = conditions;
  const port = direction === "in" ? { dstport } : { srcport };
  const ends = (own: Conditions): Conditions => ({ proto, ...own, ...port });
  switch (what) {
    case "connection":
      return flow("admin", ends({ src, dst }));
    case "admin": {
      if (client === null) return null;
      const only = { not: false, values: [client] };
      return flow("admin", ends(direction === "in" ? { src: only, dst } : { src, dst: only }));
    }
    case "replies":
      if (steersFrom(config, first.flow)) return null;
      return flow("replies", { state: { not: false, values: ["established", "related"] } });
    case "vrrp":
      return flow("vrrp", { proto });
  }
}

/**
 * Does this flow or a later one hand packets to a director or a table? Connections that it steers are established, too,
 * and what lets all answers through before it would take them away from it.
 */
function steersFrom(config: Config, name: string): boolean {
  const flows = flowsOf(config);
  const behind = flows.slice(flows.findIndex((flow) => flow.name === name));
  return behind.some(
    ({ kind, skipped, policy }) =>
      kind === "flow" && !skipped && (policy?.action === "director" || policy?.action === "table"),
  );
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!taken.has(name)) return name;
  }
}

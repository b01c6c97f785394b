/** The commands of an apply: what a delta says, done. */
import {
  type Delta,
  describeIpRule,
  describeRoute,
  type FamilyDelta,
  type IpRule,
  type LocalRoute,
  type Program,
  type Source,
} from "@flowmgr/flow-compiler";
import type { Tools } from "./capabilities.ts";
import { culprit } from "./check.ts";
import { refusal, telling } from "./errors.ts";
import type { Machine } from "./read.ts";
import { succeeded } from "./run.ts";

/** Milliseconds for one restore. 10 000 flows take 4 s on a quiet machine; 30 of it may be waiting for the lock. */
export const RESTORE_LIMIT = 120_000;

/** Both families are ready before the first one switches. Throws Refusal. */
export async function carryOut(machine: Machine, change: Delta, wanted: Program): Promise<void> {
  const parts = partsOf(machine, change);
  for (const { tools, part } of parts) {
    await routing(machine, tools, "add", [
      ...part.create.routes.map(routeWords),
      ...part.create.ipRules.map(ruleWords),
    ]);
  }
  for (const { tools, part } of parts) await restore(machine, tools, part.restore, part.lines, wanted);
  for (const { tools, part } of parts) {
    await routing(machine, tools, "delete", [
      ...part.remove.ipRules.map(ruleWords),
      ...part.remove.routes.map(routeWords),
    ]);
  }
}

/** Takes away what no packet meets any more. Throws Refusal. */
export async function sweep(machine: Machine, change: Delta, wanted: Program): Promise<void> {
  for (const { tools, part } of partsOf(machine, change)) {
    await restore(machine, tools, part.sweep, [], wanted);
  }
}

function partsOf({ capabilities }: Machine, change: Delta): { tools: Tools; part: FamilyDelta }[] {
  const { ip, ip6 } = capabilities;
  return [
    { tools: ip, part: change.ip },
    ...(ip6 === null || change.ip6 === null ? [] : [{ tools: ip6, part: change.ip6 }]),
  ];
}

type Words = { kind: "rule" | "route"; words: string };

const routeWords = (route: LocalRoute): Words => ({
  kind: "route",
  words: describeRoute(route),
});
const ruleWords = (rule: IpRule): Words => ({
  kind: "rule",
  words: describeIpRule(rule),
});

/** One process for all of them; it stops at the first that fails. */
async function routing(
  { target }: Machine,
  tools: Tools,
  verb: "add" | "delete",
  all: Words[],
): Promise<void> {
  if (all.length === 0) return;
  const lines = all.map(({ kind, words }) => `${kind} ${verb} ${words}`);
  const ran = await target.run([...tools.ip, "-batch", "-"], {
    stdin: `${lines.join("\n")}\n`,
  });
  if (succeeded(ran)) return;
  const at = /Command failed -:(\d+)/.exec(ran.stderr)?.[1];
  const line = at === undefined ? "" : ` (ip ${lines[Number(at) - 1]})`;
  throw refusal(tools.family, null, `${telling(ran)}${line}`);
}

async function restore(
  { target }: Machine,
  tools: Tools,
  text: string,
  lines: readonly (Source | null)[],
  wanted: Program,
): Promise<void> {
  if (text === "") return;
  const ran = await target.run(tools.restore, { stdin: text, limit: RESTORE_LIMIT });
  if (succeeded(ran)) return;
  throw refusal(tools.family, await culprit(tools, ran, lines, wanted), telling(ran));
}

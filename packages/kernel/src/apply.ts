/**
 * From what stands on the machine to a program, in the smallest change, so that at every moment traffic is judged by
 * the old rules or by the new ones.
 *
 *   1 remember  a snapshot and the names of the chains, on disk
 *   2 create    the routes and ip rules that the new rules need
 *   3 switch    one restore per family, atomic to traffic
 *   4 delete    the ip rules and routes that nothing needs any more
 *   5 read back, compare
 *
 * And if we die here? Before 1 nothing has happened. After 2, or with 4 undone, there are routes and ip rules that
 * no rule uses: packets don't carry the mark. Between the two restores of 3 one family has the new rules, the other
 * the old ones, each whole. All of it is ours by `ours.ts`, so the next apply, of the old program or of the new
 * one, starts from what it finds and gets there; it needs no memory of what was under way.
 *
 * When a step fails, the way back is computed like the way there, from what stands there now to the snapshot; a
 * list of undo commands would only be right if each step had done what it said.
 */
import {
  type Delta,
  delta,
  describeIpRule,
  describeRoute,
  type FamilyDelta,
  type FamilyName,
  type FamilyProgram,
  type Hook,
  type IpRule,
  isEmptyDelta,
  type LocalRoute,
  type Program,
  type Source,
  type State,
} from "@flowmgr/flow-compiler";
import type { Tools } from "./capabilities.ts";
import { culprit } from "./check.ts";
import { kernelError, Refusal, refusal, telling, textOf } from "./errors.ts";
import { refuseHeldChains } from "./held.ts";
import type { Applied, ApplyOptions, Snapshot } from "./kernel.ts";
import { type Machine, type OwnReading, type Remembered, readOwn } from "./read.ts";
import { succeeded } from "./run.ts";
import type { Snapshots } from "./snapshot.ts";

/** Milliseconds for one restore. 10 000 flows take 4 s on a quiet machine; 30 of it may be waiting for the lock. */
const RESTORE_LIMIT = 120_000;

/** Throws KernelError, which says whether the old rules are in force. The caller holds the lock of the target. */
export async function apply(
  machine: Machine,
  snapshots: Snapshots,
  program: Program,
  options: ApplyOptions = {},
): Promise<Applied> {
  const { now, change } = await plan(machine, snapshots, program);
  if (isEmptyDelta(change)) {
    settle(snapshots, program);
    return { changed: false, delta: change, reset: [], snapshot: null };
  }
  const before = stateOf(now);
  const chains = union(chainsOf(before), chainsOf(program));
  const snapshot = remember(snapshots, before, chains, options);
  try {
    await carryOut(machine, change, program);
    await mustHold(machine, chains, program);
  } catch (error) {
    const { oldRulesInForce, outcome } = await goBack(machine, chains, before);
    if (oldRulesInForce) settle(snapshots, before);
    throw kernelError(error, outcome, oldRulesInForce);
  }
  settle(snapshots, program);
  return {
    changed: true,
    delta: change,
    reset: resetRules(change, program),
    snapshot,
  };
}

function remember(
  snapshots: Snapshots,
  before: State,
  chains: Remembered,
  { evenWithoutDisk = false }: ApplyOptions,
): Snapshot | null {
  try {
    snapshots.remember(chains);
    return snapshots.write(before);
  } catch (error) {
    if (evenWithoutDisk) return null;
    throw kernelError(`the snapshot cannot be written: ${textOf(error)}`, "nothing was changed", true);
  }
}

/**
 * A chain that went is nobody's, and who makes one of that name tomorrow is its owner. A disk that does not take
 * this leaves us with names too many, which the next apply puts right.
 */
function settle(snapshots: Snapshots, inForce: State | Program): void {
  try {
    snapshots.remember(chainsOf(inForce));
  } catch {
    // Said above.
  }
}

/** The program that puts a snapshot's words back. */
export function programOf(state: State): Program {
  const family = ({ chains, hooks, ipRules, routes }: State["ip"]): FamilyProgram => ({
    chains: chains.map(({ name, rules }) => ({ name, rules: rules.map((words) => ({ words })) })),
    hooks: hooks.map(({ chain, words, place }) => ({ chain, words, place: placeOf(chain, place) })),
    ipRules,
    routes,
  });
  return {
    ip: family(state.ip),
    ip6: state.ip6 === null ? null : family(state.ip6),
    marks: { directors: {}, tables: {} },
  };
}

/** A jump that stood between rules of others had been moved by them; it goes back to where we would put it. */
function placeOf(chain: Hook["chain"], found: State["ip"]["hooks"][number]["place"]): Hook["place"] {
  if (found === "middle") return chain === "INPUT" ? "last" : "first";
  return found === "last" ? "last" : "first";
}

/** All that can be refused is refused here, before anything is touched. */
async function plan(
  machine: Machine,
  snapshots: Snapshots,
  program: Program,
): Promise<{ now: OwnReading; change: Delta }> {
  try {
    const now = await readOwn(machine, snapshots.remembered());
    refuseMissingFamily(now, program);
    refuseForeignNames(now, program);
    const change = delta(stateOf(now), program);
    refuseHeldChains(now, change);
    return { now, change };
  } catch (error) {
    throw kernelError(error, "nothing was changed", true);
  }
}

/** A program without an IPv6 part clears what an earlier run left there; the other way round nothing can be done. */
function refuseMissingFamily(now: OwnReading, wanted: Program): void {
  if (wanted.ip6 === null || now.ip6 !== null) return;
  const said = "this machine has no IPv6 that could be judged; start with --ipv6 off";
  throw new Refusal(`IPv6: ${said}`, "ip6", null, said);
}

function refuseForeignNames(now: OwnReading, wanted: Program): void {
  for (const family of ["ip", "ip6"] as const) {
    const foreign = new Set(now[family]?.foreignChains);
    const taken = wanted[family]?.chains.find((chain) => foreign.has(chain.name));
    if (taken === undefined) continue;
    const tool = family === "ip" ? "iptables" : "ip6tables";
    const said = `chain ${taken.name} of ${tool} -t mangle exists and is not ours; rename or remove it, or rename the flow`;
    throw new Refusal(said, family, null, said);
  }
}

/** Steps 2 to 4. Both families are ready before the first one switches. */
async function carryOut(machine: Machine, change: Delta, wanted: Program): Promise<void> {
  const parts = partsOf(machine, change);
  for (const { tools, part } of parts) {
    await routing(machine, tools, "add", [
      ...part.create.routes.map(routeWords),
      ...part.create.ipRules.map(ruleWords),
    ]);
  }
  for (const { tools, part } of parts) await restore(machine, tools, part, wanted);
  for (const { tools, part } of parts) {
    await routing(machine, tools, "delete", [
      ...part.remove.ipRules.map(ruleWords),
      ...part.remove.routes.map(routeWords),
    ]);
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

async function restore(machine: Machine, tools: Tools, part: FamilyDelta, wanted: Program): Promise<void> {
  if (part.restore === "") return;
  const ran = await machine.target.run(tools.restore, {
    stdin: part.restore,
    limit: RESTORE_LIMIT,
  });
  if (succeeded(ran)) return;
  const source = await culprit(tools, ran, part.lines, wanted);
  throw refusal(tools.family, source, telling(ran));
}

/** Step 5: the kernel's own words are compared; a restore that succeeded proves nothing. */
async function mustHold(machine: Machine, chains: Remembered, wanted: Program): Promise<void> {
  const found = await readOwn(machine, chains);
  const rest = delta(stateOf(found), wanted);
  if (isEmptyDelta(rest)) return;
  const families = (["ip", "ip6"] as const).filter(
    (name) => rest[name] !== null && !isEmptyFamily(rest[name]),
  );
  const said = `read back, the rules are not those that were sent${differing(rest)}`;
  throw new Refusal(said, families[0] ?? null, null, said);
}

function isEmptyFamily(part: FamilyDelta): boolean {
  const { create, remove, restore: text } = part;
  return text === "" && [create, remove].every((each) => each.ipRules.length + each.routes.length === 0);
}

function differing(rest: Delta): string {
  const chains = [rest.ip, rest.ip6].flatMap((part) => [
    ...(part?.changed ?? []),
    ...(part?.added ?? []),
    ...(part?.removed ?? []),
  ]);
  return chains.length === 0 ? "" : `: ${[...new Set(chains)].slice(0, 5).join(", ")}`;
}

type Back = { oldRulesInForce: boolean; outcome: string };

/** Back to the snapshot. Only what is read back afterwards counts, not what the steps said. */
async function goBack(machine: Machine, chains: Remembered, before: State): Promise<Back> {
  const wanted = programOf(before);
  let trouble: string | null = null;
  try {
    const now = await readOwn(machine, chains);
    await carryOut(machine, delta(stateOf(now), wanted), wanted);
  } catch (error) {
    trouble = textOf(error);
  }
  try {
    await mustHold(machine, chains, wanted);
    return { oldRulesInForce: true, outcome: "the old rules are in force" };
  } catch (error) {
    const outcome = `going back failed too: ${trouble ?? textOf(error)}; the rules in force may be a mix`;
    return { oldRulesInForce: false, outcome };
  }
}

function stateOf(reading: OwnReading): State {
  return { ip: reading.ip.state, ip6: reading.ip6?.state ?? null };
}

function chainsOf({ ip, ip6 }: State | Program): Remembered {
  const names = (family: State["ip"] | FamilyProgram | null) => family?.chains.map(({ name }) => name) ?? [];
  return { ip: names(ip), ip6: names(ip6) };
}

function union(one: Remembered, other: Remembered): Remembered {
  const both = (family: FamilyName) => [...new Set([...one[family], ...other[family]])];
  return { ip: both("ip"), ip6: both("ip6") };
}

/** The rules whose counters begin anew: those that count, in chains that were there and are written again. */
function resetRules(change: Delta, wanted: Program): Source[] {
  const sources = new Map<string, Source>();
  for (const family of ["ip", "ip6"] satisfies FamilyName[]) {
    const changed = new Set(change[family]?.changed);
    for (const chain of wanted[family]?.chains ?? []) {
      if (!changed.has(chain.name)) continue;
      for (const { counts, source } of chain.rules) {
        if (counts && source) sources.set(JSON.stringify(source), source);
      }
    }
  }
  return [...sources.values()];
}

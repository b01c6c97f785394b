/**
 * From what stands on the machine to a program, in the smallest change, so that at every moment traffic is judged by
 * the old rules or by the new ones.
 *
 *   1 remember  a snapshot and the names of the chains, on disk
 *   2 create    the sets, routes and ip rules that the new rules need; sets are read back before a rule asks for one
 *   3 switch    one restore per family, atomic to traffic
 *   4 delete    the ip rules and routes that nothing needs any more
 *   5 read back, compare: what was sent where that is little (`read-again.ts`), else all
 *   6 sweep     what flows' chains held before, as soon as its counts are booked; then 5 again
 *   7 remove    the sets to which no rule refers any more
 *
 * And if we die here? Before 1 nothing has happened. After 2, or with 4 or 7 undone, there are sets, routes and
 * ip rules that no rule uses: packets don't carry the mark. Between the two restores of 3 one family has the new rules, the other
 * the old ones, each whole. Before 6 is done there are old rules that no packet meets, with their counts, under the
 * name of their batch. All of it is ours by `ours.ts`, so the next apply, of the old program or of the new one,
 * starts from what it finds and gets there; it needs no memory of what was under way.
 *
 * When a step fails, the way back is computed like the way there, from what stands there now to the snapshot; a
 * list of undo commands would only be right if each step had done what it said.
 */
import { randomBytes } from "node:crypto";
import {
  type Delta,
  delta,
  type FamilyName,
  type FamilyProgram,
  type Hook,
  holds,
  isEmptyDelta,
  type Program,
  type State,
} from "@flowmgr/flow-compiler";
import { countAnew } from "./count-anew.ts";
import { countedLines } from "./counters.ts";
import { kernelError, Refusal, textOf } from "./errors.ts";
import { refuseHeldChains } from "./held.ts";
import type { Applied, ApplyOptions, Snapshot } from "./kernel.ts";
import { type Machine, type OwnReading, type Remembered, readOwn } from "./read.ts";
import { readAgain } from "./read-again.ts";
import { makeSets, removeSets } from "./sets.ts";
import type { Snapshots } from "./snapshot.ts";
import { carryOut, sweep } from "./steps.ts";
import { type Stopwatch, timed } from "./stopwatch.ts";

/** All of mangle, and what it has counted by now. */
const NOW = { tables: "mangle", counts: "now" } as const;

/** `watch`: told what each step took. */
type Options = ApplyOptions & { watch: Stopwatch };

/** Throws KernelError, which says whether the old rules are in force. The caller holds the lock of the target. */
export async function apply(
  machine: Machine,
  snapshots: Snapshots,
  program: Program,
  asked: ApplyOptions,
  watch: Stopwatch = {},
): Promise<Omit<Applied, "took">> {
  const options = { ...asked, watch };
  const { now, change } = await plan(machine, snapshots, program, options);
  if (isEmptyDelta(change)) {
    settle(snapshots, program);
    return { changed: false, delta: change, lines: countedLines(now), snapshot: null };
  }
  const before = stateOf(now);
  const chains = keepsNames(change) ? chainsOf(program) : union(chainsOf(before), chainsOf(program));
  const snapshot = await timed(watch, "snapshot", () => remember(snapshots, before, chains, options));
  let reached: OwnReading;
  try {
    reached = await reach(machine, chains, now, program, options);
  } catch (error) {
    const { oldRulesInForce, outcome } = await goBack(machine, chains, before, options);
    if (oldRulesInForce) settle(snapshots, before);
    throw kernelError(error, outcome, oldRulesInForce);
  }
  await timed(watch, "snapshot", () => settle(snapshots, program));
  return { changed: true, delta: change, lines: countedLines(reached), snapshot };
}

/**
 * Steps 2 to 6, from what was just read. Gives what stands there in the end; throws Refusal.
 *
 * A packet that was inside an old chain at the switch is still counted there. Legacy waits for every CPU to leave the
 * old table before the restore ends; nft does not, but the process that reads starts only then: milliseconds, where a
 * packet takes microseconds.
 */
async function reach(
  machine: Machine,
  chains: Remembered,
  now: OwnReading,
  wanted: Program,
  { book, watch }: Options,
): Promise<OwnReading> {
  const batch = book ? randomBytes(6).toString("hex") : null;
  await timed(watch, "book", () => book?.(countedLines(now), false));
  const change = await timed(watch, "compare", () => delta(stateOf(now), wanted, batch));
  const sets = await timed(watch, "sets", () => makeSets(machine, now.sets, change.sets));
  await timed(watch, "switch", () => carryOut(machine, change, wanted));
  const again = (from: OwnReading, made: Delta, swept: boolean) =>
    timed(
      watch,
      "read-back",
      async () =>
        (await confirmed(machine, from, made, wanted, swept)) ?? mustHold(machine, chains, wanted, { swept }),
    );
  const switched = await again({ ...now, sets }, change, false);
  await timed(watch, "book", () => book?.(countedLines(switched), true));
  const rest = await timed(watch, "compare", () => delta(stateOf(switched), wanted, batch));
  const isSwept = isEmptyDelta(besidesSets(rest));
  if (!isSwept) await timed(watch, "sweep", () => sweep(machine, rest, wanted));
  const swept = isSwept ? switched : await again(switched, rest, true);
  return { ...swept, sets: await timed(watch, "sets", () => removeSets(machine, swept.sets, rest.sets)) };
}

/** What is left over of sets goes when all else is done. */
function besidesSets(change: Delta): Delta {
  return { ...change, sets: { ...change.sets, remove: [] } };
}

/**
 * What stands there after `made`, if only chains that were sent need be read for it: little was sent, and the commits
 * since `from` are ours alone, of which each restore is one. Else null, and all has to be read.
 */
async function confirmed(
  machine: Machine,
  from: OwnReading,
  made: Delta,
  wanted: Program,
  swept: boolean,
): Promise<OwnReading | null> {
  if (from.known === null) return null;
  const read = await readAgain(machine, from, made, wanted, swept);
  if (read === null) return null;
  const { memory, target, capabilities } = machine;
  const step = swept ? "sweep" : "restore";
  const texts = [made.ip[step], capabilities.ip6 === null ? "" : (made.ip6?.[step] ?? "")];
  const commits = texts.filter((text) => text !== "").length;
  const known = await memory.follow(target, capabilities, from.known, commits, read);
  return known && { ...read, known };
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
    // What no rule asked for need not come back: perhaps it was left half made.
    sets: (state.sets ?? []).filter(({ inUse }) => inUse),
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
  options: Options,
): Promise<Planned> {
  try {
    const look = () => planFrom(machine, snapshots.remembered(), program, options);
    const planned = await look();
    if (planned !== null) return planned;
    machine.memory.forget();
    return (await look()) ?? fail("what rules have counted could not be read");
  } catch (error) {
    throw kernelError(error, "nothing was changed", true);
  }
}

type Planned = { now: OwnReading; change: Delta };

const fail = (what: string): never => {
  throw new Error(what);
};

/** Null where what was known before is not enough. */
async function planFrom(
  machine: Machine,
  remembered: Remembered,
  program: Program,
  { watch, book, anew = [] }: Options,
): Promise<Planned | null> {
  const now = await timed(watch, "read", () =>
    readOwn(machine, remembered, { tables: "mangle", counts: "last" }),
  );
  refuseMissingFamily(now, program);
  refuseForeignNames(now, program);
  const change = await timed(watch, "compare", () => delta(stateOf(now), program));
  refuseHeldChains(now, change);
  if (!book) return { now, change };
  const counted = await timed(watch, "read", () => countAnew(machine, now, change, program, anew));
  return counted && { now: counted, change };
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

/**
 * Step 5: the kernel's own words are compared; a restore that succeeded proves nothing. Until all is `swept`, more may
 * stand there that no packet meets. Gives what was read.
 */
async function mustHold(
  machine: Machine,
  chains: Remembered,
  wanted: Program,
  { swept }: { swept: boolean },
): Promise<OwnReading> {
  const found = await readOwn(machine, chains, NOW);
  const state = stateOf(found);
  const rest = besidesSets(delta(state, wanted));
  if (swept ? isEmptyDelta(rest) : holds(state, wanted)) return found;
  const family = isEmptyDelta({ ...rest, ip6: null }) ? "ip6" : "ip";
  const said = `read back, the rules are not those that were sent${differing(rest)}`;
  throw new Refusal(said, family, null, said);
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
async function goBack(machine: Machine, chains: Remembered, before: State, options: Options): Promise<Back> {
  const wanted = programOf(before);
  let trouble: string | null = null;
  try {
    machine.memory.forget();
    await reach(machine, chains, await readOwn(machine, chains, NOW), wanted, options);
  } catch (error) {
    trouble = textOf(error);
  }
  try {
    await mustHold(machine, chains, wanted, { swept: false });
    return { oldRulesInForce: true, outcome: "the old rules are in force" };
  } catch (error) {
    const outcome = `going back failed too: ${trouble ?? textOf(error)}; the rules in force may be a mix`;
    return { oldRulesInForce: false, outcome };
  }
}

function stateOf(reading: OwnReading): State {
  return { ip: reading.ip.state, ip6: reading.ip6?.state ?? null, sets: [...reading.sets] };
}

function chainsOf({ ip, ip6 }: State | Program): Remembered {
  const names = (family: State["ip"] | FamilyProgram | null) => family?.chains.map(({ name }) => name) ?? [];
  return { ip: names(ip), ip6: names(ip6) };
}

const keepsNames = ({ ip, ip6 }: Delta): boolean =>
  [ip, ip6].every((part) => part === null || part.added.length + part.removed.length === 0);

function union(one: Remembered, other: Remembered): Remembered {
  const both = (family: FamilyName) => [...new Set([...one[family], ...other[family]])];
  return { ip: both("ip"), ip6: both("ip6") };
}

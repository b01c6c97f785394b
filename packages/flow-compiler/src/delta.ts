/**
 * The smallest change from what is on the machine to what should be. Only chains that differ are sent, so the
 * others keep their counters; a family's chains change in one COMMIT, which the kernel switches in one step.
 *
 * What has counted packets need not be lost with its chain. With the name of a batch, a flow's chain that differs is
 * not emptied: the new rules go in before the old ones, behind them a rule that ends the chain, and its comment names
 * the batch. A flow's chain that goes stays, and nothing leads to it. So the old rules stand where no packet meets
 * them, with all that they have counted, until they are swept away by another COMMIT.
 */
import { RETIRED_COMMENT } from "./ours.ts";
import type {
  Chain,
  ChainRule,
  ChainState,
  Delta,
  FamilyDelta,
  FamilyName,
  FamilyProgram,
  FamilyState,
  Hook,
  NetworkSet,
  Program,
  SetState,
  SetsDelta,
  Source,
  State,
} from "./program.ts";
import { appendRule, declareChain, plain, prependRule } from "./render.ts";
import { describeIpRule, describeRoute } from "./routing.ts";
import { unshared } from "./unshared.ts";

/** What a family should hold that is switched off: nothing of ours. */
const NOTHING: FamilyProgram = { chains: [], hooks: [], ipRules: [], routes: [] };

/** The chains whose rules count: a flow's own and those below it. The main chains only lead to them. */
export const isFlowChain = (name: string): boolean => name.startsWith("@");

/**
 * Most old rules that are kept behind the new ones in a chain. They are taken away one by one, for each of which nft
 * searches the chain: 0.7 s for 4000, and four times that for twice as many.
 */
export const MOST_KEPT = 5000;

/**
 * What to do, per family. `ip6` is null when the machine has none; one that is switched off is cleared. With a
 * `batch`, letters and digits, what flows' chains have counted stays to be read.
 */
export function delta(state: State, program: Program, batch: string | null = null): Delta {
  return {
    sets: setsDelta(state.sets ?? [], program.sets ?? []),
    ip: familyDelta("ip", state.ip, program.ip, batch),
    ip6: state.ip6 && familyDelta("ip6", state.ip6, program.ip6 ?? NOTHING, batch),
  };
}

/** Does the machine hold the program already, and nothing besides? */
export function isEmptyDelta({ sets, ip, ip6 }: Delta): boolean {
  // One that only rules of others hold on to is not for us to remove.
  if (sets.make.length > 0 || sets.remove.some(({ inUse }) => !inUse)) return false;
  return [ip, ip6].every((family) => family === null || (isInForce(family) && family.sweep === ""));
}

/** Do packets meet what the program says, whatever else may stand there that none meets? */
export function holds(state: State, program: Program): boolean {
  const { sets, ip, ip6 } = delta(state, program, "any");
  if (sets.make.length > 0) return false;
  return [ip, ip6].every((family) => family === null || isInForce(family));
}

function isInForce({ restore, create, remove }: FamilyDelta): boolean {
  return (
    restore === "" && [create, remove].every(({ ipRules, routes }) => ipRules.length + routes.length === 0)
  );
}

function setsDelta(found: readonly SetState[], wanted: readonly NetworkSet[]): SetsDelta {
  const known = new Map(found.map((set) => [set.name, set.networks]));
  const names = new Set(wanted.map(({ name }) => name));
  const differs = ({ name, networks }: NetworkSet) => !sameNetworks(known.get(name), networks);
  return {
    make: wanted.filter(differs).map((set) => ({ ...set, replaced: known.has(set.name) })),
    remove: found.filter(({ name }) => !names.has(name)),
  };
}

/** Do two sets hold the same? */
export function sameNetworks(found: readonly string[] | undefined, wanted: readonly string[]): boolean {
  return found?.length === wanted.length && wanted.every((network, at) => network === found[at]);
}

function familyDelta(
  family: FamilyName,
  state: FamilyState,
  wanted: FamilyProgram,
  batch: string | null,
): FamilyDelta {
  const ipRules = differenceOfRules(state.ipRules, wanted.ipRules);
  const routes = differenceOfRoutes(state.routes, wanted.routes);
  return {
    create: { routes: routes.missing, ipRules: ipRules.missing },
    ...chainDelta(family, state, wanted, batch),
    remove: { ipRules: ipRules.surplus, routes: routes.surplus },
  };
}

type Difference<T> = { missing: T[]; surplus: T[] };

/**
 * Gives what tells what is missing and what is too much, each occurrence counted: the kernel holds an `ip rule` twice. It is
 * worked out once for two rows, which are values: most changes of chains leave them as they are.
 */
function differenceBy<T>(name: (one: T) => string) {
  const known = new WeakMap<readonly T[], WeakMap<readonly T[], Difference<T>>>();
  return (found: readonly T[], wanted: readonly T[]): Difference<T> => {
    const before = known.get(found) ?? new WeakMap<readonly T[], Difference<T>>();
    known.set(found, before);
    const same = before.get(wanted);
    if (same) return same;
    const open = new Map(wanted.map((one) => [name(one), one]));
    const surplus = found.filter((one) => !open.delete(name(one)));
    const difference = { missing: [...open.values()], surplus };
    before.set(wanted, difference);
    return difference;
  };
}

const differenceOfRules = differenceBy(describeIpRule);
const differenceOfRoutes = differenceBy(describeRoute);

/**
 * What was worked out for chains as they were read and a program, which are values: a look, a plan and its apply ask the
 * same. With a batch each asks something new.
 */
const known = new WeakMap<FamilyState["chains"], WeakMap<FamilyProgram, Worked>>();

type ChainDelta = Pick<FamilyDelta, "restore" | "lines" | "sweep" | "added" | "removed" | "changed">;
type Worked = { hooks: FamilyState["hooks"]; change: ChainDelta };

function chainDelta(
  family: FamilyName,
  state: FamilyState,
  wanted: FamilyProgram,
  batch: string | null,
): ChainDelta {
  if (batch !== null) return workOut(...open(family, state, wanted), batch);
  const before = known.get(state.chains) ?? new WeakMap<FamilyProgram, Worked>();
  const worked = before.get(wanted);
  const change =
    worked?.hooks === state.hooks ? worked.change : workOut(...open(family, state, wanted), null);
  known.set(state.chains, before.set(wanted, { hooks: state.hooks, change }));
  const differing = change.added.length + change.removed.length + change.changed.length;
  if (differing === 0) agreed[family] = { found: state.chains, wanted: wanted.chains };
  return change;
}

/** Chains that were found to say the same last, all of them, by family. */
const agreed: { [family in FamilyName]?: { found: readonly ChainState[]; wanted: readonly Chain[] } } = {};

/**
 * The chains that may differ: an edit leaves most chains of a program, and a reading most of those that were read before,
 * as the values that they are; so of ten thousands that agreed only a few have to be compared.
 */
function open(family: FamilyName, state: FamilyState, wanted: FamilyProgram): [FamilyState, FamilyProgram] {
  const before = agreed[family];
  if (before === undefined) return [state, wanted];
  const [one, other] = [
    unshared<{ name: string }>(before.found, state.chains),
    unshared<{ name: string }>(before.wanted, wanted.chains),
  ];
  const names = new Set([one, other].flatMap(({ gone, come }) => [...gone, ...come].map(({ name }) => name)));
  const among = <T extends { name: string }>(chains: T[]) =>
    names.size === 0 ? [] : chains.filter(({ name }) => names.has(name));
  return [
    { ...state, chains: among(state.chains) },
    { ...wanted, chains: among(wanted.chains) },
  ];
}

type Line = { text: string; source: Source | null };

const line = (text: string, source: Source | null = null): Line => ({ text, source });

/**
 * The restore text: declare (which empties), fill, hang in, take away. A chain is emptied before it is deleted, and
 * nothing that stays refers to it by then, since what referred to it differs and was filled anew above.
 */
function workOut(state: FamilyState, wanted: FamilyProgram, batch: string | null): ChainDelta {
  const found = new Map(state.chains.map((chain) => [chain.name, chain]));
  const names = new Set(wanted.chains.map(({ name }) => name));
  const sent = wanted.chains.filter((chain) => differs(chain, found.get(chain.name), batch));
  const [above, anew] = partition(sent, ({ name }) => batch !== null && hasCounted(found.get(name)));
  const removed = state.chains.filter(({ name }) => !names.has(name));
  const [left, dropped] = partition(removed, ({ name }) => batch !== null && isFlowChain(name));
  const lines = commit([
    ...anew.map(({ name }) => line(declareChain(name))),
    ...anew.flatMap(({ name, rules }) =>
      rules.map(({ words, source }) => line(appendRule(name, words), source)),
    ),
    ...above.flatMap(({ name, rules }) => [
      ...ending(found.get(name), batch),
      ...rules.map(({ words, source }) => line(prependRule(name, words), source)).reverse(),
    ]),
    ...hookDelta(state.hooks, wanted.hooks).map((text) => line(text)),
    ...left.flatMap((chain) => ending(chain, batch)),
    ...removal(dropped),
  ]);
  const kept = state.chains.filter(({ name }) => names.has(name));
  const sweep = lines.length > 0 ? [] : commit([...kept.flatMap(sweeping), ...removal(left)]);
  return {
    restore: textOf(lines),
    lines: lines.map(({ source }) => source),
    sweep: textOf(sweep),
    added: sent.map(({ name }) => name).filter((name) => !found.has(name)),
    changed: sent.map(({ name }) => name).filter((name) => found.has(name)),
    removed: removed.map(({ name }) => name),
  };
}

/** Without a batch nothing is swept, so a chain with retired rules is written anew. */
function differs({ rules }: Chain, found: ChainState | undefined, batch: string | null): boolean {
  return !sameRules(found?.rules, rules) || (batch === null && (found?.retired ?? 0) > 0);
}

/** Does a chain hold what may have counted, and not too much of it? */
function hasCounted(chain: ChainState | undefined): boolean {
  if (chain === undefined || !isFlowChain(chain.name)) return false;
  const all = chain.rules.length + (chain.retired ?? 0);
  return 0 < all && all <= MOST_KEPT;
}

/** Ends a chain before its rules, for all that come to it by a jump or by a goto. */
function ending(chain: ChainState | undefined, batch: string | null): Line[] {
  if (chain === undefined || chain.rules.length === 0) return [];
  return [line(prependRule(chain.name, `-m comment --comment ${RETIRED_COMMENT}${batch} -j RETURN`))];
}

/** Takes away what stands behind the end of a chain, the last first: the numbers of the others stay. */
function sweeping({ name, rules, retired = 0 }: ChainState): Line[] {
  return Array.from({ length: retired }, (_, i) => line(`-D ${plain(name)} ${rules.length + retired - i}`));
}

function removal(chains: readonly ChainState[]): Line[] {
  return ["-F", "-X"].flatMap((command) => chains.map(({ name }) => line(`${command} ${plain(name)}`)));
}

function commit(body: Line[]): Line[] {
  return body.length === 0 ? [] : [line("*mangle"), ...body, line("COMMIT")];
}

const textOf = (lines: Line[]): string => lines.map(({ text }) => `${text}\n`).join("");

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

function sameRules(found: readonly string[] | undefined, wanted: readonly ChainRule[]): boolean {
  return found?.length === wanted.length && wanted.every(({ words }, i) => words === found[i]);
}

/**
 * Jumps in built-in chains are never sent with every config: `--noflush` does not empty a built-in chain, so each
 * would stand there once more. One that is there once, in its place, is left alone; else all of ours are taken out
 * and one is put in, within the COMMIT. (`-D` takes the first of equals, so "all but one" could keep the wrong one.)
 */
function hookDelta(found: FamilyState["hooks"], wanted: readonly Hook[]): string[] {
  const isRight = (hook: Hook) => {
    const [only, ...others] = found.filter(({ chain }) => chain === hook.chain);
    const inPlace = only?.place === "only" || only?.place === hook.place;
    return inPlace && others.length === 0 && only.words === hook.words;
  };
  const right = wanted.filter(isRight);
  const kept = new Set<string>(right.map(({ chain }) => chain));
  return [
    ...found.filter(({ chain }) => !kept.has(chain)).map(({ chain, words }) => `-D ${chain} ${words}`),
    ...wanted.filter((hook) => !right.includes(hook)).map(hookCommand),
  ];
}

function hookCommand({ chain, words, place }: Hook): string {
  return place === "first" ? prependRule(chain, words) : appendRule(chain, words);
}

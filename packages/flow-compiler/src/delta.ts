/**
 * The smallest change from what is on the machine to what should be. Only chains that differ are sent, so the
 * others keep their counters; a family's chains change in one COMMIT, which the kernel switches in one step.
 */
import type {
  ChainRule,
  Delta,
  FamilyDelta,
  FamilyProgram,
  FamilyState,
  Hook,
  Program,
  Source,
  State,
} from "./program.ts";
import { appendRule, declareChain, plain } from "./render.ts";
import { describeIpRule, describeRoute } from "./routing.ts";

/** What a family should hold that is switched off: nothing of ours. */
const NOTHING: FamilyProgram = { chains: [], hooks: [], ipRules: [], routes: [] };

/** What to do, per family. `ip6` is null when the machine has none; one that is switched off is cleared. */
export function delta(state: State, program: Program): Delta {
  return {
    ip: familyDelta(state.ip, program.ip),
    ip6: state.ip6 && familyDelta(state.ip6, program.ip6 ?? NOTHING),
  };
}

/** Does the machine hold the program already? */
export function isEmptyDelta({ ip, ip6 }: Delta): boolean {
  return [ip, ip6].every((family) => {
    if (family === null || family.restore !== "") return family === null;
    const { create, remove } = family;
    return [create, remove].every(({ ipRules, routes }) => ipRules.length + routes.length === 0);
  });
}

function familyDelta(state: FamilyState, wanted: FamilyProgram): FamilyDelta {
  const ipRules = difference(state.ipRules, wanted.ipRules, describeIpRule);
  const routes = difference(state.routes, wanted.routes, describeRoute);
  return {
    create: { routes: routes.missing, ipRules: ipRules.missing },
    ...chainDelta(state, wanted),
    remove: { ipRules: ipRules.surplus, routes: routes.surplus },
  };
}

/** What is missing and what is too much, each occurrence counted: the kernel holds an `ip rule` twice. */
function difference<T>(found: readonly T[], wanted: readonly T[], name: (one: T) => string) {
  const open = new Map(wanted.map((one) => [name(one), one]));
  const surplus = found.filter((one) => !open.delete(name(one)));
  return { missing: [...open.values()], surplus };
}

type Line = { text: string; source: Source | null };

const line = (text: string, source: Source | null = null): Line => ({ text, source });

/**
 * The restore text: declare (which empties), fill, hang in, take away. A chain is emptied before it is deleted, and
 * nothing that stays refers to it by then, since what referred to it differs and was filled anew above.
 */
function chainDelta(
  state: FamilyState,
  wanted: FamilyProgram,
): Pick<FamilyDelta, "restore" | "lines" | "added" | "removed" | "changed"> {
  const found = new Map(state.chains.map(({ name, rules }) => [name, rules]));
  const names = new Set(wanted.chains.map(({ name }) => name));
  const sent = wanted.chains.filter(({ name, rules }) => !sameRules(found.get(name), rules));
  const removed = [...found.keys()].filter((name) => !names.has(name));
  const hooks = hookDelta(state.hooks, wanted.hooks);
  const body = [
    ...sent.map(({ name }) => line(declareChain(name))),
    ...sent.flatMap(({ name, rules }) =>
      rules.map((rule) => line(appendRule(name, rule.words), rule.source)),
    ),
    ...hooks.map((text) => line(text)),
    ...removed.map((name) => line(`-F ${plain(name)}`)),
    ...removed.map((name) => line(`-X ${plain(name)}`)),
  ];
  const lines = body.length === 0 ? [] : [line("*mangle"), ...body, line("COMMIT")];
  return {
    restore: lines.map(({ text }) => `${text}\n`).join(""),
    lines: lines.map(({ source }) => source),
    added: sent.map(({ name }) => name).filter((name) => !found.has(name)),
    changed: sent.map(({ name }) => name).filter((name) => found.has(name)),
    removed,
  };
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
  return place === "first" ? `-I ${chain} 1 ${plain(words)}` : `-A ${chain} ${plain(words)}`;
}

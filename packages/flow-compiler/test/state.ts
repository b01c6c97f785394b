/** What a machine would read back that holds a program and nothing of others. */
import {
  type FamilyProgram,
  type FamilyState,
  type Program,
  RETIRED_COMMENT,
  type State,
} from "../src/index.ts";

export const NOTHING: FamilyState = { chains: [], hooks: [], ipRules: [], routes: [] };

export function stateOf({ ip, ip6 }: Program): State {
  return { ip: familyState(ip), ip6: ip6 ? familyState(ip6) : NOTHING };
}

function familyState({ chains, hooks, ipRules, routes }: FamilyProgram): FamilyState {
  return {
    chains: chains.map(({ name, rules }) => ({ name, rules: rules.map(({ words }) => words) })),
    hooks: hooks.map(({ chain, words }) => ({ chain, words, place: "only" })),
    ipRules,
    routes,
  };
}

/**
 * What `iptables-restore --noflush` makes of a family's chains and hooks, kept as strict as the kernel: a rule
 * needs its chain and its target to be there, a chain that goes must be empty and out of use.
 */
export function restoreInto(state: FamilyState, text: string): Pick<FamilyState, "chains" | "hooks"> {
  const chains = new Map(state.chains.map(({ name, rules }) => [name, [...rules]]));
  for (const name of BUILT_IN)
    chains.set(
      name,
      state.hooks.filter((one) => one.chain === name).map((one) => one.words),
    );
  const chainOf = (name: string) => chains.get(name) ?? refuse(`no chain ${name}`);
  for (const line of text.split("\n").filter((one) => one !== "" && one !== "*mangle" && one !== "COMMIT")) {
    const [, command = "", name = "", words = ""] =
      /^(:|-[AIDFX] )(\S+)(?: (.*))?$/.exec(line) ?? refuse(line);
    if (command === ":") chains.set(name, []);
    if (command === "-A ") chainOf(name).push(words);
    if (command === "-I ") chainOf(name).unshift(words.replace(/^1 /, ""));
    if (command === "-F ") chainOf(name).length = 0;
    if (command === "-D " && /^\d+$/.test(words)) removeAt(chainOf(name), Number(words));
    else if (command === "-D ") remove(chainOf(name), words);
    if (command === "-X ") {
      if (chainOf(name).length > 0 || targets(chains).has(name)) refuse(`${name} is in use`);
      chains.delete(name);
    }
  }
  for (const target of targets(chains)) if (/^[@FOD]/.test(target) && target !== "DROP") chainOf(target);
  const hooks = BUILT_IN.flatMap((chain) =>
    chainOf(chain).map((words) => ({ chain, words, place: "only" as const })),
  );
  const own = [...chains].filter(([name]) => !BUILT_IN.some((one) => one === name));
  return { chains: own.map(([name, rules]) => ({ name, rules })), hooks };
}

/** Chains as they are read back: what packets meet, and how much stands behind. */
export function readBack(chains: FamilyState["chains"]): FamilyState["chains"] {
  return chains.map(({ name, rules }) => {
    const end = rules.findIndex((words) => words.includes(RETIRED_COMMENT));
    return end < 0 ? { name, rules } : { name, rules: rules.slice(0, end), retired: rules.length - end };
  });
}

const BUILT_IN = ["PREROUTING", "OUTPUT", "INPUT"] as const;

function targets(chains: Map<string, string[]>): Set<string> {
  return new Set([...chains.values()].flat().map((words) => / ?-[jg] (\S+)/.exec(words)?.[1] ?? ""));
}

function remove(rules: string[], words: string): void {
  const at = rules.indexOf(words);
  if (at < 0) refuse(`no rule ${words}`);
  rules.splice(at, 1);
}

function removeAt(rules: string[], number: number): void {
  if (number < 1 || number > rules.length) refuse(`no rule ${number}`);
  rules.splice(number - 1, 1);
}

function refuse(what: string): never {
  throw new Error(`iptables-restore would refuse this: ${what}`);
}

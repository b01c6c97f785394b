/** Our chains as the kernel has them, each rule linked to what it comes from by the program in force. */
import type { KernelChain, KernelListing, KernelRule } from "@flowmgr/flow-api";
import {
  type ChainRule,
  describeIpRule,
  describeRoute,
  type FamilyName,
  type FamilyState,
  type Program,
  type SetState,
} from "@flowmgr/flow-compiler";
import type { FamilyCounted, Reading, Tally } from "@flowmgr/kernel";

/** Which chains are asked for. */
type Page = {
  /** One chain by name. */
  chain?: string | undefined;
  limit: number;
  /** Name of the last chain of the page before. */
  after?: string | undefined;
};

type Family = KernelListing["ip"];

const NO_FAMILY: Family = { chains: [], next: null, ipRules: [], routes: [], sets: [] };

/** `lists`: of the running config, by the name of the set that they are. */
type Sets = { sets: readonly SetState[]; lists: ReadonlyMap<string, string[]> };

const setsOf = ({ sets, lists }: Sets, family: FamilyName): Family["sets"] =>
  sets.flatMap(({ name, family: of, networks }) =>
    of === family ? { name, networks: networks.length, lists: lists.get(name) ?? [] } : [],
  );

/** A page of a family; null when `after` names a chain that is not there now. */
function listFamily(
  { state, counted, sets }: { state: FamilyState; counted: FamilyCounted; sets: Sets },
  program: Program | null,
  family: FamilyName,
  { chain, limit, after }: Page,
): Family | null {
  const places = inOrder(state, program, family).filter(({ name }) => chain === undefined || name === chain);
  const start = after === undefined ? 0 : places.findIndex(({ name }) => name === after) + 1;
  if (after !== undefined && start === 0) return null;
  const shown = places.slice(start, start + limit);
  const owners = ownersOf(program, family);
  return {
    chains: shown.map((place) =>
      place.index === null
        ? hookChain(place.name, state, counted)
        : flowChain(state, counted, place.index, owners),
    ),
    next: start + limit < places.length ? (shown.at(-1)?.name ?? null) : null,
    ipRules: state.ipRules.map(describeIpRule),
    routes: state.routes.map(describeRoute),
    sets: setsOf(sets, family),
  };
}

/** `index` into the chains of the state; null for a built-in chain. */
type Place = { name: string; index: number | null };

/** Hooks, then the chains in the order of the program, then those that it does not know. */
function inOrder({ hooks, chains }: FamilyState, program: Program | null, family: FamilyName): Place[] {
  const built = new Set(hooks.map(({ chain }) => chain));
  const rank = new Map((program?.[family]?.chains ?? []).map(({ name }, at) => [name, at]));
  const ranked = chains
    .map(({ name }, index) => ({ name, index, rank: rank.get(name) ?? rank.size }))
    .sort((a, b) => a.rank - b.rank);
  return [
    ...[...built].map((name) => ({ name, index: null })),
    ...ranked.map(({ name, index }) => ({ name, index })),
  ];
}

const NO_TALLY: Tally = { packets: 0, bytes: 0 };

function hookChain(name: string, { hooks }: FamilyState, counted: FamilyCounted): KernelChain {
  const ours = hooks.flatMap((hook, at) => (hook.chain === name ? [{ hook, at }] : []));
  const { before = 0, behind = 0 } = counted.hooks[ours[0]?.at ?? -1] ?? {};
  return {
    name,
    kind: "hook",
    flow: null,
    rules: ours.map(({ hook, at }) => listed(hook.words, counted.hooks[at])),
    foreign: { before, behind },
  };
}

/** What the program says of a chain: its rules, and the flow that it belongs to. */
type Owner = { rules: readonly ChainRule[]; flow: string | null };

/** A flow's chains stand together in a program, its own chain first; a chain beside it has a name that tells nothing. */
function ownersOf(program: Program | null, family: FamilyName): Map<string, Owner> {
  const owners = new Map<string, Owner>();
  let flow: string | null = null;
  for (const { name, rules } of program?.[family]?.chains ?? []) {
    if (kindOf(name) === "flow") flow = name.slice(1);
    owners.set(name, { rules, flow: kindOf(name) === "main" ? null : flow });
  }
  return owners;
}

function kindOf(name: string): "main" | "flow" | "helper" {
  if (name.startsWith("@@")) return "helper";
  return name.startsWith("@") ? "flow" : "main";
}

function flowChain(
  { chains }: FamilyState,
  counted: FamilyCounted,
  index: number,
  owners: ReadonlyMap<string, Owner>,
): KernelChain {
  const { name, rules } = chains[index] ?? { name: "", rules: [] };
  const owner = owners.get(name);
  const known = sourcesByWords(owner?.rules ?? []);
  return {
    name,
    kind: kindOf(name),
    flow: owner?.flow ?? null,
    rules: rules.map((words, at) => {
      const source = known.get(words)?.shift()?.source;
      return listed(words, counted.chains[index]?.[at], source);
    }),
  };
}

/** By their words and not by their places: one rule that somebody put in must not shift the meaning of all behind it. */
function sourcesByWords(rules: readonly ChainRule[]): Map<string, ChainRule[]> {
  const known = new Map<string, ChainRule[]>();
  for (const rule of rules) {
    const same = known.get(rule.words);
    if (same) same.push(rule);
    else known.set(rule.words, [rule]);
  }
  return known;
}

function listed(
  text: string,
  { packets, bytes }: Tally = NO_TALLY,
  source?: ChainRule["source"],
): KernelRule {
  return { text, packets, bytes, flow: source?.flow ?? null, rule: source?.rule ?? null };
}

/** Both families of a reading, `lists` by the names of the sets that they are, or the one that is asked for; null when `after` names a chain that is not there now. */
export function listing(
  { state, counted }: Pick<Reading, "state" | "counted">,
  program: Program | null,
  lists: Sets["lists"],
  { family, ...page }: Page & { family?: FamilyName | undefined },
): Pick<KernelListing, "ip" | "ip6"> | null {
  const sets: Sets = { sets: state.sets ?? [], lists };
  const six = state.ip6 && counted.ip6 && { state: state.ip6, counted: counted.ip6, sets };
  const four = { state: state.ip, counted: counted.ip, sets };
  const ip = family === "ip6" ? NO_FAMILY : listFamily(four, program, "ip", page);
  if (ip === null) return null;
  if (six === null || family === "ip") return { ip, ip6: null };
  const ip6 = listFamily(six, program, "ip6", page);
  return ip6 && { ip, ip6 };
}

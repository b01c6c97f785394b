/** What of a program has to be tried, where the kernel is known to take another one. */
import type { Chain, FamilyProgram } from "@flowmgr/flow-compiler";

/**
 * A smaller program that the kernel takes if and only if it takes `wanted`, given that it takes `passed`; the whole
 * without one.
 *
 * What the kernel looks at is each rule with the built-in chains that lead to it, whether jumps go in a circle, and in
 * nft how deep they go. So every chain stands in it whole that differs or that another built-in chain leads to. Of any
 * other chain there is what counts of it: its jumps to where one gets to those, since a circle that is new goes through
 * one of them, and the way that goes deepest.
 */
export function toTry(wanted: FamilyProgram, passed: FamilyProgram | null | undefined): FamilyProgram {
  if (!passed) return wanted;
  const graph = graphOf(wanted.chains);
  const differing = new Set(different(wanted, graph, passed));
  const leading = closure(differing, (name) => graph.get(name)?.sources ?? []);
  const heightOf = heights(graph);
  const needed = (name: string): Iterable<string> => {
    const targets = graph.get(name)?.targets ?? [];
    return differing.has(name) ? targets : jumpsOf(targets, leading, heightOf);
  };
  const hooked = wanted.hooks.flatMap(({ words }) => targetOf(words, graph) ?? []);
  const kept = closure([...leading, ...hooked], needed);
  const reduced = (chain: Chain): Chain => {
    if (differing.has(chain.name)) return chain;
    return { name: chain.name, rules: [...needed(chain.name)].map((target) => ({ words: `-j ${target}` })) };
  };
  return { ...wanted, chains: wanted.chains.filter(({ name }) => kept.has(name)).map(reduced) };
}

/** Those of the targets that lead on, and the one from which it goes deepest. */
function jumpsOf(
  targets: readonly string[],
  leading: ReadonlySet<string>,
  heightOf: (name: string) => number,
): Set<string> {
  const [first] = targets;
  if (first === undefined) return new Set();
  const deepest = targets.reduce((best, one) => (heightOf(one) > heightOf(best) ? one : best), first);
  return new Set([deepest, ...targets.filter((target) => leading.has(target))]);
}

type Node = { targets: string[]; sources: string[] };
type Graph = Map<string, Node>;

/** Programs are values: what passed last is what was wanted before. */
const graphs = new WeakMap<readonly Chain[], Graph>();

/** Where each chain leads, and whence one gets there. */
function graphOf(chains: readonly Chain[]): Graph {
  const before = graphs.get(chains);
  if (before) return before;
  const graph: Graph = new Map(chains.map(({ name }) => [name, { targets: [], sources: [] }]));
  for (const chain of chains) {
    const node = graph.get(chain.name);
    for (const target of endsOf(chain)) {
      const there = graph.get(target);
      if (there === undefined) continue;
      node?.targets.push(target);
      there.sources.push(chain.name);
    }
  }
  graphs.set(chains, graph);
  return graph;
}

/** By chain, which programs share that are edits of each other. */
const ends = new WeakMap<Chain, readonly string[]>();

/** The last words of a chain's rules, each once. */
function endsOf(chain: Chain): readonly string[] {
  const found = ends.get(chain) ?? [...new Set(chain.rules.map(({ words }) => lastWord(words)))];
  ends.set(chain, found);
  return found;
}

/** A rule of ours ends with the chain that it leads to. */
const lastWord = (words: string): string => words.slice(words.lastIndexOf(" ") + 1);

function targetOf(words: string, graph: Graph): string | null {
  const last = lastWord(words);
  return graph.has(last) ? last : null;
}

function different(wanted: FamilyProgram, graph: Graph, passed: FamilyProgram): string[] {
  const known = new Map(passed.chains.map(({ name, rules }) => [name, rules]));
  const [leading, before] = [builtIns(wanted, graph), builtIns(passed, graphOf(passed.chains))];
  const isSame = ({ name, rules }: Chain) =>
    sameRules(rules, known.get(name)) &&
    [...(leading.get(name) ?? [])].every((chain) => before.get(name)?.has(chain));
  return wanted.chains.filter((chain) => !isSame(chain)).map(({ name }) => name);
}

function sameRules(one: Chain["rules"], other: Chain["rules"] | undefined): boolean {
  if (one === other) return true;
  return one.length === other?.length && one.every(({ words }, at) => words === other[at]?.words);
}

/** From which built-in chains one gets to a chain. */
function builtIns({ hooks }: FamilyProgram, graph: Graph): Map<string, Set<string>> {
  const leading = new Map<string, Set<string>>();
  for (const { chain, words } of hooks) {
    const reached = closure([targetOf(words, graph) ?? ""], (name) => graph.get(name)?.targets ?? []);
    for (const name of reached) leading.set(name, (leading.get(name) ?? new Set()).add(chain));
  }
  return leading;
}

/** These and all to which `next` leads from them. */
function closure(names: Iterable<string>, next: (name: string) => Iterable<string>): Set<string> {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...next(name));
  }
  return found;
}

/** How many jumps one after the other a chain leads to, at most. In a circle it is any number: that is tried whole. */
function heights(graph: Graph): (name: string) => number {
  const known = new Map<string, number>();
  return function heightOf(name: string): number {
    const before = known.get(name);
    if (before !== undefined) return before;
    known.set(name, 0);
    const targets = graph.get(name)?.targets ?? [];
    const height = targets.reduce((most, target) => Math.max(most, 1 + heightOf(target)), 0);
    known.set(name, height);
    return height;
  };
}

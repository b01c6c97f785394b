/**
 * Which flows a packet visits, and in which order: the main chain.
 *
 * Few flows stand in a row: one jump each, in the order of the config, guarded by what all its rules share. Many
 * become a tree (`dispatch-tree.ts`).
 */

import type { Family, Flow } from "@flowmgr/flow-model";
import { chainName, chainsFor, classChainName, type FamilyFlow, LEAVE } from "./chains.ts";
import type { PacketClass } from "./classes.ts";
import { rowCost } from "./dispatch-cost.ts";
import { type Entry, type Guarded, rowOf } from "./dispatch-entry.ts";
import { chainsOf, type Tree, treeOf } from "./dispatch-tree.ts";
import { fnv1a } from "./hash.ts";
import { type Kept, sameValues } from "./kept.ts";
import { ANY, type Match } from "./match.ts";
import type { Chain, ChainRule, DispatchLimits } from "./program.ts";
import { reachesOf, sameReaches } from "./reach.ts";
import type { Part } from "./split.ts";
import { join } from "./words.ts";

/** The main chains, that of all packets first, and the chains that flows need for a class beside their own. */
export type Dispatch = { mains: Chain[]; beside: Map<string, Chain[]> };

/** What is known of the dispatch of the last config: entries by class and chain, trees by main chain. */
export type KnownDispatch = {
  entries: Kept<KnownEntry>;
  trees: Kept<Tree>;
};

type KnownEntry = { parts: readonly Part[]; entry: Entry };

/** A flow under way to its place in a main chain: the rules that the packets there can meet. */
type Visit = { whole: FamilyFlow; parts: readonly Part[] };

/**
 * Builds the main chain `name` for these flows.
 *
 * Each class of packets that is spared, and that some flow would take, leaves at the top, for good: packets that no rule names go back to where
 * the chain was called from, others go to a main chain of their own, which is built by this same function. The
 * jumps behind are for what is left, and a flow that only an excluded class can meet gets none.
 */
export function dispatch(
  name: string,
  flows: readonly FamilyFlow[],
  classes: readonly PacketClass[],
  known: KnownDispatch,
  limits = LIMITS,
): Dispatch {
  const result: Dispatch = { mains: [], beside: new Map() };
  const visits = flows.map((whole) => ({ whole, parts: whole.parts }));
  build({ result, name, known, limits }, [], visits, classes);
  return result;
}

type Building = { result: Dispatch; name: string; known: KnownDispatch; limits: DispatchLimits };

/** `inside`: the classes that the packets of this chain belong to; they stand in its name: `FLOWS-lo-neighbours`. */
function build(
  building: Building,
  inside: readonly string[],
  visits: Visit[],
  classes: readonly PacketClass[],
) {
  const { result, name } = building;
  const within = inside.map((one) => `-${one}`).join("");
  const rules: ChainRule[] = [];
  result.mains.push({ name: name + within, rules });
  for (const [i, one] of classes.entries()) {
    if (!visits.some(({ parts }) => parts.some(one.meets))) continue;
    const named = narrow(visits, (part) => part.conditions !== null && one.names(part.conditions));
    const target = named.length === 0 ? LEAVE : `-g ${name}${within}-${one.name}`;
    rules.push(...one.guards.map((guard) => ({ words: join(guard, target) })));
    if (named.length > 0) build(building, [...inside, one.name], named, classes.slice(i + 1));
  }
  const others = (part: Part) =>
    !classes.some((one) => part.conditions !== null && one.confines(part.conditions));
  const met: Met[] = [];
  for (const visit of visits) {
    const parts = visit.parts.every(others) ? visit.parts : visit.parts.filter(others);
    if (parts.length > 0) met.push({ flow: visit.whole.flow, parts, chain: chainFor(result, visit, within) });
  }
  const family = visits[0]?.whole.family ?? 4;
  const tree = treeFor(building, inside, met, family);
  if (tree) {
    const { rules: leading, below } = chainsOf(tree);
    rules.push(...leading);
    result.mains.push(...below);
  } else {
    const guarded = met.map(({ parts, chain }): Guarded => {
      const { src, dst, iface, proto } = sharedBy(parts);
      return { src, dst, behind: join(iface, proto), chain, ignores: false };
    });
    rules.push(...rowOf(guarded, family));
  }
  // To leave where the chain ends anyway needs no rule: without flows the main chain is empty.
  while (rules.at(-1)?.words.endsWith(LEAVE)) rules.pop();
}

/** A flow that packets of a chain can meet, by these of its rules. */
type Met = { flow: Flow; parts: readonly Part[]; chain: string };

/** The tree of many flows, or of few that cost a packet much in a row and little in a tree; null where a row does. */
function treeFor(
  { name, known, limits }: Building,
  inside: readonly string[],
  met: readonly Met[],
  family: Family,
): Tree | null {
  const within = inside.map((one) => `-${one}`).join("");
  const { longestRow, dearRow, cheapRow } = limits;
  const entries = met.map((one) => {
    // A flow's name is a key that is made once; there are ten thousand.
    const key = within === "" ? one.flow.name : `${within} ${one.flow.name}`;
    return known.entries.take(key, (before) => entryOf(one, family, before)).entry;
  });
  const few = entries.length <= longestRow;
  // Among few flows an `ignore` counts all that it holds for.
  if (few && (rowCost(entries, family) <= dearRow || entries.some(({ ignores }) => ignores))) return null;
  const nameFor = (label: string) => treeChainName(name, `${within}-${label}`);
  const tree = known.trees.take(name + within, (before) =>
    treeOf(entries, family, nameFor, { cheapRow, above: inside.length }, before),
  );
  const isWorthIt = tree.part.below.length > 0 || rowCost(tree.part.entries, family) <= dearRow / 2;
  return few && !isWorthIt ? null : tree;
}

/** The visits with the rules that pass, without those that keep none. */
function narrow(visits: readonly Visit[], passes: (part: Part) => boolean): Visit[] {
  const some = visits.filter(({ parts }) => parts.some(passes));
  return some.map(({ whole, parts }) => ({ whole, parts: parts.filter(passes) }));
}

/** The flow's own chain when all of its rules count for the class, else one beside it that holds those that do. */
function chainFor({ beside }: Dispatch, { whole, parts }: Visit, within: string): string {
  const { flow } = whole;
  if (parts.length === whole.parts.length) return chainName(flow);
  const name = classChainName(flow, within);
  const chains = beside.get(flow.name) ?? [];
  beside.set(flow.name, [...chains, ...chainsFor(whole, parts, name, within)]);
  return name;
}

/**
 * Up to 32 flows the main chain reads like the config, and a packet passes it in less than a tenth of a microsecond; where
 * ten of them are for ports of any address it takes two, as many as a config of a few services never has.
 * In a tree, a row of about sixteen flows behind an address costs less than to ask what tells them apart.
 */
const LIMITS: DispatchLimits = { longestRow: 32, dearRow: 200, cheapRow: 36 };

/**
 * What the tree needs to know of a flow: where its rules that decide can hold. What only an `ignore` takes need not
 * come to the flow, since the next one is where it would go from there.
 */
function entryOf(
  { parts, chain }: { parts: readonly Part[]; chain: string },
  family: Family,
  before: KnownEntry | undefined,
): KnownEntry {
  if (before?.entry.chain === chain && sameValues(before.parts, parts)) return before;
  const deciding = parts.filter(({ verb }) => verb === "match");
  const asked = deciding.length > 0 ? deciding : parts;
  const matches = asked.flatMap((part) => part.matches);
  const entry = { chain, reaches: reachesOf(matches, family), ignores: deciding.length < parts.length };
  const isSame =
    before?.entry.chain === chain &&
    before.entry.ignores === entry.ignores &&
    sameReaches(before.entry.reaches, entry.reaches);
  return { parts, entry: isSame ? before.entry : entry };
}

/** A chain name of iptables holds 28 characters; what does not fit is told by a hash. */
const LONGEST_NAME = 28;

function treeChainName(main: string, label: string): string {
  const name = main + label;
  return name.length <= LONGEST_NAME ? name : `${main}-=${fnv1a(label)}`;
}

/** Cheap to test, a few nanoseconds each. Ports and types cost more than the jump that they would save. */
const GUARDS = ["src", "dst", "iface", "proto"] as const;

/** What every iptables rule of these parts asks alike: a packet that lacks it would only pass through the chain. */
function sharedBy(parts: readonly Part[]): Match {
  const [first, ...others] = parts.flatMap((part) => part.matches);
  const shared = { ...ANY };
  for (const field of GUARDS) {
    const words = first?.[field] ?? "";
    if (others.every((match) => match[field] === words)) shared[field] = words;
  }
  return shared;
}

/**
 * Which flows a packet visits, and in which order: the main chain.
 *
 * One jump a flow, in the order of the config, guarded by what all its rules share, so that most packets pass a
 * flow at the price of one comparison. That is linear in the number of flows; a trie on the destination is to
 * replace it, behind the same function.
 */

import { chainName, chainsFor, classChainName, type FamilyFlow, LEAVE, type Part } from "./chains.ts";
import type { PacketClass } from "./classes.ts";
import { ANY, type Match, matchWords } from "./match.ts";
import type { Chain, ChainRule } from "./program.ts";
import { join } from "./words.ts";

/** The main chains, that of all packets first, and the chains that flows need for a class beside their own. */
export type Dispatch = { mains: Chain[]; beside: Map<string, Chain[]> };

/** A flow under way to its place in a main chain: the rules that the packets there can meet. */
type Visit = FamilyFlow & { whole: FamilyFlow };

/**
 * Builds the main chain `name` for these flows.
 *
 * Each class of packets that is spared leaves at the top, for good: packets that no rule names go back to where
 * the chain was called from, others go to a main chain of their own, which is built by this same function. The
 * jumps behind are for what is left, and a flow that only an excluded class can meet gets none.
 */
export function dispatch(
  name: string,
  flows: readonly FamilyFlow[],
  classes: readonly PacketClass[],
): Dispatch {
  const result: Dispatch = { mains: [], beside: new Map() };
  build(
    result,
    name,
    "",
    flows.map((flow) => ({ ...flow, whole: flow })),
    classes,
  );
  return result;
}

/** `within`: the classes that the packets of this chain belong to, as they stand in its name: `-lo-neighbours`. */
function build(
  result: Dispatch,
  name: string,
  within: string,
  visits: Visit[],
  classes: readonly PacketClass[],
) {
  const rules: ChainRule[] = [];
  result.mains.push({ name: name + within, rules });
  for (const [i, one] of classes.entries()) {
    const named = narrow(visits, (part) => part.conditions !== null && one.names(part.conditions));
    const inside = `${within}-${one.name}`;
    const target = named.length === 0 ? LEAVE : `-g ${name}${inside}`;
    rules.push(...one.guards.map((guard) => ({ words: join(guard, target) })));
    if (named.length > 0) build(result, name, inside, named, classes.slice(i + 1));
  }
  const others = (part: Part) =>
    !classes.some((one) => part.conditions !== null && one.confines(part.conditions));
  for (const visit of visits) {
    const parts = visit.parts.filter(others);
    if (parts.length === 0) continue;
    rules.push({
      words: join(matchWords(sharedBy(parts)), `-j ${chainFor(result, visit, within)}`),
    });
  }
  // To leave where the chain ends anyway needs no rule: without flows the main chain is empty.
  while (rules.at(-1)?.words.endsWith(LEAVE)) rules.pop();
}

/** The visits with the rules that pass, without those that keep none. */
function narrow(visits: readonly Visit[], passes: (part: Part) => boolean): Visit[] {
  return visits.flatMap((visit) => {
    const parts = visit.parts.filter(passes);
    return parts.length === 0 ? [] : [{ ...visit, parts }];
  });
}

/** The flow's own chain when all of its rules count for the class, else one beside it that holds those that do. */
function chainFor({ beside }: Dispatch, { flow, whole, parts }: Visit, within: string): string {
  if (parts.length === whole.parts.length) return chainName(flow);
  const name = classChainName(flow, within);
  const chains = beside.get(flow.name) ?? [];
  beside.set(flow.name, [...chains, ...chainsFor(whole, parts, name, within)]);
  return name;
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

/** What of a program has to be tried, where the kernel is known to take another one. */
import { isDeepStrictEqual } from "node:util";
import type { Chain, FamilyProgram } from "@flowmgr/flow-compiler";
import { closure, hookedIn, Jumps } from "./jumps.ts";

/**
 * A smaller program that the kernel takes if and only if it takes `wanted`, given that it takes `passed`; the whole
 * without one. `jumps`: from one call to the next the same, so that only what differs is worked out.
 *
 * What the kernel looks at is each rule with the built-in chains that lead to it, whether jumps go in a circle, and in
 * nft how deep they go. So every chain stands in it whole that differs or that another built-in chain leads to. Of any
 * other chain there is what counts of it: its jumps to where one gets to those, since a circle that is new goes through
 * one of them, and the way that goes deepest.
 */
export function toTry(
  wanted: FamilyProgram,
  passed: FamilyProgram | null | undefined,
  jumps = new Jumps(),
): FamilyProgram {
  if (!passed) return wanted;
  jumps.turnInto(passed);
  const differing = jumps.turnInto(wanted);
  if (differing.size === 0 && isDeepStrictEqual(wanted.hooks, passed.hooks)) {
    return { ...wanted, chains: [], hooks: [] };
  }
  const leading = closure(differing, (name) => jumps.sources(name));
  const needed = (name: string): Iterable<string> => {
    const targets = jumps.targets(name);
    return differing.has(name) ? targets : jumpsOf(targets, leading, jumps);
  };
  const hooked = hookedIn(wanted).flatMap(([name]) => (jumps.has(name) ? name : []));
  const kept = closure([...leading, ...hooked], needed);
  const reduced = (chain: Chain): Chain => {
    if (differing.has(chain.name)) return chain;
    return { name: chain.name, rules: [...needed(chain.name)].map((target) => ({ words: `-j ${target}` })) };
  };
  return { ...wanted, chains: wanted.chains.filter(({ name }) => kept.has(name)).map(reduced) };
}

/** Those of the targets that lead on, and the one from which it goes deepest. */
function jumpsOf(targets: readonly string[], leading: ReadonlySet<string>, jumps: Jumps): Set<string> {
  const [first] = targets;
  if (first === undefined) return new Set();
  const deepest = targets.reduce((best, one) => (jumps.height(one) > jumps.height(best) ? one : best), first);
  return new Set([deepest, ...targets.filter((target) => leading.has(target))]);
}

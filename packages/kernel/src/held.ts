/** Chains and sets of ours that others hold on to. */
import type { Delta } from "@flowmgr/flow-compiler";
import { Refusal } from "./errors.ts";
import type { FamilyReading, OwnReading } from "./read.ts";
import { jumpOf, wordBehind } from "./save.ts";

/**
 * Throws Refusal when a chain that is to go is where a rule of others leads: the kernel would not let it go, and
 * taking that rule away is not for us.
 */
export function refuseHeldChains(now: OwnReading, change: Delta): void {
  for (const family of ["ip", "ip6"] as const) {
    const held = heldChain(now[family], change[family]?.removed ?? []);
    if (held === null) continue;
    const tool = family === "ip" ? "iptables" : "ip6tables";
    const said = `${tool} -t mangle: chain ${held.by}, which is not ours, leads to ${held.chain}, which is to go; remove that rule first`;
    throw new Refusal(said, family, null, said);
  }
}

/** The first of the chains to which a rule of others leads, and the chain of that rule. */
function heldChain(
  now: FamilyReading | null,
  chains: readonly string[],
): { chain: string; by: string } | null {
  if (now === null || chains.length === 0) return null;
  const going = new Set(chains);
  const ours = new Set(now.state.chains.map(({ name }) => name));
  const hooks = new Set(now.state.hooks.map(({ words }) => words));
  for (const { name, rules } of now.mangle.chains.values()) {
    if (ours.has(name)) continue;
    for (const { words } of rules) {
      const chain = jumpOf(words);
      if (chain !== null && going.has(chain) && !hooks.has(words)) return { chain, by: name };
    }
  }
  return null;
}

/** Sets of ours that are in use though no rule of ours refers to them, as sentences: they stay until nobody does. */
export function heldSets(own: OwnReading): string[] {
  const inUse = own.sets.filter((set) => set.inUse);
  if (inUse.length === 0) return [];
  const ours = new Set<string>();
  for (const family of [own.ip, own.ip6]) {
    const names = new Set(family?.state.chains.map(({ name }) => name));
    for (const { name, rules } of family?.mangle.chains.values() ?? []) {
      if (names.has(name)) for (const { words } of rules) ours.add(wordBehind(words, "--match-set") ?? "");
    }
  }
  return inUse.flatMap(({ name }) =>
    ours.has(name)
      ? []
      : `rules of others refer to the set ${name} of ours, which flows no longer need: it goes when they do`,
  );
}

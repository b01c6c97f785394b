/** The space of the flows, in which the chains can be said too. */
import type { Config, Packet } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { Space } from "../space/decisions.ts";
import type { World } from "../space/fields.ts";
import { LEVEL } from "../space/levels.ts";
import { EVERY, type Reach } from "../space/reach.ts";
import type { Direction, FlowInForce } from "../space/rules.ts";
import { type Chains, leaving, NO_CHAIN } from "./chains.ts";
import type { Test } from "./restore-tests.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** The built-in chain that flows of a direction are hooked into. */
export const BUILT_IN: Record<Direction, string> = { in: "PREROUTING", out: "OUTPUT" };

/** The chains that packets behind a built-in chain can come to, that one first. */
export function reachedFrom(chains: Chains, builtIn: string): string[] {
  const reached = new Set([builtIn]);
  for (const name of reached) {
    for (const { to } of leaving(chains.get(name) ?? NO_CHAIN)) reached.add(to);
  }
  return [...reached];
}

/** The kernel refuses chains that lead in a circle; a proof would never end there. Throws UnreadableProgram. */
export function requireEnd(chains: Chains, from: readonly string[]): void {
  const done = new Set<string>();
  const above = new Set<string>();
  const visit = (name: string) => {
    if (above.has(name)) throw new UnreadableProgram(`the chain ${name} leads to itself`);
    if (done.has(name)) return;
    above.add(name);
    for (const { to } of leaving(chains.get(name) ?? NO_CHAIN)) visit(to);
    above.delete(name);
    done.add(name);
  };
  for (const name of from) visit(name);
}

/**
 * The space of a config, or of some of its flows, in which `asked` can be said as well as all that the chains ask:
 * addresses and interfaces at which only these make a difference are made known to it. In most programs there are none.
 */
export function spaceOf(
  config: Config | readonly FlowInForce[],
  chains: Chains,
  { direction, family }: Pick<Packet, "direction" | "family">,
  options: AnalysisOptions,
  asked: readonly Reach[] = [],
): Space {
  const space = new Space([config], direction, family, options, asked);
  const tests = new Set<Test>();
  for (const name of reachedFrom(chains, BUILT_IN[direction])) {
    for (const rule of chains.get(name) ?? []) for (const test of rule.tests) tests.add(test);
  }
  const missing = [...tests].flatMap((test) => unknownTo(space.world, test));
  return missing.length === 0
    ? space
    : new Space([config], direction, family, options, [...asked, ...missing]);
}

function unknownTo(world: World, test: Test): Reach[] {
  if (test.of === "interface") {
    const isKnown = world.ifaces.placeOf.has(test.pattern);
    return isKnown ? [] : [{ ...EVERY, iface: { not: false, values: [test.pattern] } }];
  }
  if (test.of !== "address") return [];
  const field = test.level === LEVEL.dst ? "dst" : "src";
  return world[field].knows(test.inside) ? [] : [{ ...EVERY, [field]: test.inside }];
}

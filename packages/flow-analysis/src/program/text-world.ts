/** The space of the flows, in which the chains can be said too. */
import { type Conditions, type Config, networksOf, type Packet } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { Space } from "../space/decisions.ts";
import type { World } from "../space/fields.ts";
import { LEVEL } from "../space/levels.ts";
import type { Direction } from "../space/rules.ts";
import type { Test } from "./restore-tests.ts";
import type { Chains } from "./restore-text.ts";

/** The built-in chain that flows of a direction are hooked into. */
export const BUILT_IN: Record<Direction, string> = { in: "PREROUTING", out: "OUTPUT" };

/** The chains that packets behind a built-in chain can come to, that one first. */
export function reachedFrom(chains: Chains, builtIn: string): string[] {
  const reached = new Set([builtIn]);
  for (const name of reached) {
    for (const { target } of chains.get(name) ?? []) {
      if (target.does === "jump" || target.does === "goto") reached.add(target.chain);
    }
  }
  return [...reached];
}

/**
 * Addresses and interfaces at which only the chains make a difference are made known to the world, or what they ask
 * could not be told there. In most programs there are none.
 */
export function spaceOf(
  config: Config,
  chains: Chains,
  { direction, family }: Pick<Packet, "direction" | "family">,
  options: AnalysisOptions,
): Space {
  const space = new Space([config], direction, family, options);
  const asked = new Set<Test>();
  for (const name of reachedFrom(chains, BUILT_IN[direction])) {
    for (const { tests } of chains.get(name) ?? []) for (const test of tests) asked.add(test);
  }
  const missing = [...asked].flatMap((test) => unknownTo(space.world, test));
  return missing.length === 0 ? space : new Space([config], direction, family, options, missing);
}

function unknownTo(world: World, test: Test): Conditions[] {
  if (test.of === "interface") {
    const isKnown = world.ifaces.placeOf.has(test.pattern);
    return isKnown ? [] : [{ iface: { not: false, values: [test.pattern] } }];
  }
  if (test.of !== "address") return [];
  const field = test.level === LEVEL.dst ? "dst" : "src";
  const unknown = test.ranges.filter(
    ({ low, high }) => !world[field].knows(low) || !world[field].knows(high + 1n),
  );
  // One by one: networks of one condition that touch would be one range.
  return unknown.flatMap((range) =>
    networksOf(range, world.family).map((network) => ({ [field]: { not: false, values: [network] } })),
  );
}

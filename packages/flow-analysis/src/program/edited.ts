/** The proof behind an edit: only packets that may meet something else than before are looked at. */
import type { Config, Family } from "@flowmgr/flow-model";
import { align, touchedReaches } from "../align.ts";
import { fewer, flowsAround } from "../space/narrow.ts";
import { TooLarge } from "../space/node-store.ts";
import { reachesOf, withoutCovered } from "../space/reach.ts";
import { type Direction, flowsInForce } from "../space/rules.ts";
import { verdictOf } from "../walk.ts";
import { canAsk } from "./chain-space.ts";
import type { Chains, ReadRule } from "./chains.ts";
import { differingPacket } from "./comparison.ts";
import type { MarkOwners } from "./mark-owners.ts";
import type { ProofOptions } from "./proof.ts";
import { chainsAround, type OtherRules, otherRules, reachesTo } from "./region.ts";
import type { Sets } from "./restore-sets.ts";
import { BUILT_IN, reachedFrom, requireEnd } from "./text-world.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** A program, and the config that it was proven to do what it says; `meaning`: equal where packets mean the same. */
export type Proven = {
  config: Config;
  chains: Chains;
  sets: { written: string; known: Sets };
  owners: MarkOwners;
  meaning: string;
};

/** With more that may differ, a proof of everything costs no more. */
const MOST_REACHES = 256;

/** Is a program proven, given the one before it? False where that is not known: then nothing is. */
export function isProvenAfter(before: Proven, after: Proven, family: Family, options: ProofOptions): boolean {
  if (before.meaning !== after.meaning || !after.owners.keepMarksOf(before.owners)) return false;
  try {
    const others = otherRules(before.chains, after.chains);
    requireEnd(
      after.chains,
      others.map(({ chain }) => chain),
    );
    for (const direction of ["in", "out"] as const) {
      if (!isProvenIn(direction, before, after, others, family, options)) return false;
    }
    judgeInputAfter(before, after, family, options);
    return true;
  } catch (error) {
    if (error instanceof UnreadableProgram || error instanceof TooLarge) return false;
    throw error;
  }
}

function isProvenIn(
  direction: Direction,
  before: Proven,
  after: Proven,
  others: readonly OtherRules[],
  family: Family,
  options: ProofOptions,
): boolean {
  const configs = [before.config, after.config] as const;
  const builtIn = BUILT_IN[direction];
  const all = [
    ...touchedReaches(configs, align(...configs, direction), family),
    ...(["before", "after"] as const).flatMap((side) => {
      const { chains } = side === "before" ? before : after;
      const asked = others.map((one) => ({ chain: one.chain, rules: one[side] }));
      return reachesTo(chains, builtIn, family, asked);
    }),
  ];
  if (all.length > MOST_REACHES || mayAskOddly(direction, after.chains, others)) return false;
  if (all.length === 0) return true;
  const reaches = withoutCovered(all);
  const around = fewer(reaches);
  const flows = flowsAround(flowsInForce(after.config, direction), family, around);
  const chains = chainsAround(after.chains, builtIn, around);
  return differingPacket(flows, chains, { direction, family }, after.owners, options, reaches) === null;
}

/** May new rules ask, or lead to what asks, for what cannot be asked there? That is refused even where no packet comes. */
function mayAskOddly(direction: Direction, chains: Chains, others: readonly OtherRules[]): boolean {
  const isOdd = ({ tests }: ReadRule) => tests.some((test) => !canAsk(test, direction));
  const odd = others.filter(({ after }) =>
    after.some(
      (rule) =>
        isOdd(rule) ||
        ((rule.target.does === "jump" || rule.target.does === "goto") &&
          reachedFrom(chains, rule.target.chain).some((name) => chains.get(name)?.some(isOdd))),
    ),
  );
  if (odd.length === 0) return false;
  const reached = new Set(reachedFrom(chains, BUILT_IN[direction]));
  return odd.some(({ chain }) => reached.has(chain));
}

/** Only marks that may not have come there before are judged where INPUT is the same. Throws UnreadableProgram. */
function judgeInputAfter(before: Proven, after: Proven, family: Family, options: ProofOptions): void {
  const { chains, owners } = after;
  const isSame = reachedFrom(chains, "INPUT").every((name) => before.chains.get(name) === chains.get(name));
  const isLess = !owners.knowsAllOf(before.owners);
  if (isLess || !isSame) giveAll(after, family, options);
  owners.judgeInput(chains, family, isSame ? before.owners : null);
}

/** Notes which marks the flows give that are for packets of the family. Throws UnreadableProgram where one has none. */
function giveAll({ config, owners }: Proven, family: Family, options: ProofOptions): void {
  for (const direction of ["in", "out"] as const) {
    for (const { flow } of flowsInForce(config, direction)) {
      if (reachesOf(flow, family).deciding.length > 0) owners.give(verdictOf(flow, options));
    }
  }
}

/**
 * Where a program may do something else than the one before it, so that only these packets have to be proven.
 *
 * A text before and one behind an edit have chains in common, and rules in the others: what stands in both in the same
 * order is their core. A packet that meets the tests of no other rule meets the same rules of both, chain by chain, and
 * so has the same fate; it leads to no chain that only one has, since a rule of the core names chains that both have.
 * As for the flows, a packet that no touched rule holds for has the same decider (`align.ts`). So where the earlier
 * program was proven to do what the earlier flows say, it is left to prove for the packets of the other rules alone.
 */
import type { Family } from "@flowmgr/flow-model";
import { outside, overlap } from "../space/addresses.ts";
import { complement, haveCommon } from "../space/intervals.ts";
import { HIGHEST, LEVEL } from "../space/levels.ts";
import { bothOf, EVERY, type Reach } from "../space/reach.ts";
import { commonSubsequence } from "../subsequence.ts";
import { type Chains, leaving, NO_CHAIN, type ReadRule } from "./chains.ts";
import type { Test } from "./restore-tests.ts";

/** With more ways to a chain, or more that is asked on these, what asks nothing stands for all of them. */
const FEW = 16;

/** The rules of a chain that the other text does not have in the same order. */
export type OtherRules = { chain: string; before: readonly ReadRule[]; after: readonly ReadRule[] };

/** Of the chains that both have. Chains and rules that are the same object cost nothing more. */
export function otherRules(before: Chains, after: Chains): OtherRules[] {
  const others: OtherRules[] = [];
  for (const [chain, rules] of after) {
    const old = before.get(chain);
    if (old && old !== rules) others.push({ chain, ...withoutCommon(old, rules) });
  }
  return others;
}

function withoutCommon(old: readonly ReadRule[], rules: readonly ReadRule[]): Omit<OtherRules, "chain"> {
  const least = Math.min(old.length, rules.length);
  let start = 0;
  while (start < least && old[start] === rules[start]) start += 1;
  let end = 0;
  while (start + end < least && old[old.length - 1 - end] === rules[rules.length - 1 - end]) end += 1;
  const [before, after] = [old.slice(start, old.length - end), rules.slice(start, rules.length - end)];
  const { inLeft, inRight } = commonSubsequence(before, after);
  return {
    before: before.filter((_, at) => !inLeft.has(at)),
    after: after.filter((_, at) => !inRight.has(at)),
  };
}

/** What packets behind a built-in chain that come to some rules have in common, one reach for each way. */
export function reachesTo(
  chains: Chains,
  builtIn: string,
  family: Family,
  asked: readonly { chain: string; rules: readonly ReadRule[] }[],
): Reach[] {
  if (asked.length === 0) return [];
  const leading = leadingTo(chains);
  const known = new Map<string, readonly Reach[]>([[builtIn, [EVERY]]]);
  const arriving = (chain: string): readonly Reach[] => {
    const before = known.get(chain);
    if (before) return before;
    // On a circle, which has no end, and where there are many ways: any packet.
    known.set(chain, [EVERY]);
    if (asksItself(chain)) return [EVERY];
    const ways = leading.get(chain) ?? [];
    const reaches =
      ways.length > FEW ? [EVERY] : ways.flatMap((way) => through(arriving(way.chain), way.rule));
    const few = reaches.length > FEW ? [EVERY] : reaches;
    known.set(chain, few);
    return few;
  };
  const through = (reaches: readonly Reach[], { tests }: ReadRule): Reach[] => {
    const own = reachOfTests(tests, family);
    return own ? reaches.flatMap((reach) => bothOf(reach, own) ?? []) : [];
  };
  return asked.flatMap(({ chain, rules }) => rules.flatMap((rule) => through(arriving(chain), rule)));
}

/** Flows' own chains ask for all that their flow does, and many lead to them. Any choice proves the same. */
const asksItself = (chain: string): boolean => chain.startsWith("@");

type Leading = ReadonlyMap<string, readonly { chain: string; rule: ReadRule }[]>;

/** The program before is asked again in each direction, and was the one behind the edit before. */
const leadingIn = new WeakMap<Chains, Leading>();

/** The rules that lead to each other chain, no more of them than make a difference. */
function leadingTo(chains: Chains): Leading {
  const before = leadingIn.get(chains);
  if (before) return before;
  const leading = new Map<string, { chain: string; rule: ReadRule }[]>();
  for (const [chain, rules] of chains) {
    for (const { rule, to } of leaving(rules)) {
      if (asksItself(to)) continue;
      const known = leading.get(to);
      if (!known) leading.set(to, [{ chain, rule }]);
      else if (known.length <= FEW) known.push({ chain, rule });
    }
  }
  leadingIn.set(chains, leading);
  return leading;
}

/** What tests ask of a packet, or less; null: none meets them. */
function reachOfTests(tests: readonly Test[], family: Family): Reach | null {
  let reach: Reach | null = EVERY;
  for (const test of tests) {
    const asked = reachOf(test, family);
    reach = reach && asked && bothOf(reach, asked);
  }
  return reach;
}

function reachOf(test: Test, family: Family): Reach | null {
  switch (test.of) {
    case "address": {
      const asked = test.not ? outside(test.inside, family) : test.inside;
      if (asked.length === 0) return null;
      return { ...EVERY, [test.level === LEVEL.dst ? "dst" : "src"]: asked };
    }
    case "interface":
      return { ...EVERY, iface: { not: test.not, values: [test.pattern] } };
    case "number": {
      const asked = test.not ? complement(test.inside, HIGHEST[test.level] ?? 0) : test.inside;
      if (asked.length === 0) return null;
      return { ...EVERY, fixed: Object.assign([], { [test.level]: asked }) };
    }
    default:
      return EVERY;
  }
}

/** The chains, and of their rules those, that packets of the reaches can meet behind a built-in chain. */
export function chainsAround(chains: Chains, builtIn: string, reaches: readonly Reach[]): Chains {
  const around = new Map<string, readonly ReadRule[]>();
  const open = [builtIn];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (around.has(name)) continue;
    const all = chains.get(name) ?? NO_CHAIN;
    const rules = all.filter((rule) => mayMeet(rule, reaches));
    // A chain that stays whole is the same object, of which is known where it leads to.
    const kept = rules.length === all.length ? all : rules;
    around.set(name, kept);
    for (const { to } of leaving(kept)) open.push(to);
  }
  return around;
}

/** Can a packet of one of the reaches meet all tests of the rule? Plain loops: thousands are asked at each edit. */
function mayMeet({ tests }: ReadRule, reaches: readonly Reach[]): boolean {
  for (const reach of reaches) {
    let meets = true;
    for (const test of tests) meets &&= mayMeetTest(test, reach);
    if (meets) return true;
  }
  return false;
}

/** Can a packet of the reach meet the test? False only where none can. */
function mayMeetTest(test: Test, reach: Reach): boolean {
  if (test.not) return true;
  switch (test.of) {
    case "address": {
      const inside = test.level === LEVEL.dst ? reach.dst : reach.src;
      return inside === null || overlap(test.inside, inside);
    }
    case "number": {
      const inside = reach.fixed[test.level];
      return inside === undefined || haveCommon(test.inside, inside);
    }
    default:
      return true;
  }
}

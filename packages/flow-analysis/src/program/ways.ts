/**
 * The ways that packets take through the chains above the flows' own. There, chains only narrow down which flows a
 * packet meets; so all packets fall into few kinds, and each kind meets one sequence of effects. A config of ten
 * thousand flows is one such sequence, or one for each leaf of a dispatch, and to see that it is the config's own takes
 * no diagram of the whole, which would be as large as destinations times sources.
 */
import type { Space } from "../space/decisions.ts";
import { NONE, type Node, TooLarge } from "../space/node-store.ts";
import type { ChainSpace, Effect } from "./chain-space.ts";
import type { Chains, ReadRule, Target } from "./chains.ts";
import { type FlowEffect, flowsFor } from "./flow-effects.ts";

/**
 * Packets of one kind, and what they meet, in order; an effect may hold for others too. `flows`: those of the config
 * that may be for them, in order.
 */
export type Way = { packets: Node; effects: readonly Effect[]; flows: readonly FlowEffect[] };

/**
 * A chain that is worked out whole, once, however it is reached; so are those that packets come back from, but for the
 * main one. Others are walked. Any choice proves the same.
 */
const isWhole = (chain: string): boolean => chain.startsWith("@");

/** More kinds of packets than any dispatch makes: then it is none. */
const MOST_WAYS = 100_000;

/** Where packets are: at a rule of a chain, and when that chain ends, where it was jumped to from; null: at the end. */
type Place = { rules: readonly ReadRule[]; at: number; caller: Place } | null;

type Walk = Way & { place: Place; effects: Effect[] };

/** The ways of packets behind a built-in chain; each packet has one. The chains lead to an end. Throws TooLarge, UnreadableProgram. */
export function waysThrough(
  chains: Chains,
  builtIn: string,
  { packets, flows }: Pick<Way, "packets" | "flows">,
  space: Space,
  chainSpace: ChainSpace,
): Way[] {
  const ways: Way[] = [];
  const rulesOf = (chain: string) => chains.get(chain) ?? [];
  const start: Place = { rules: rulesOf(builtIn), at: 0, caller: null };
  const open: Walk[] = [{ place: start, packets, effects: [], flows }];
  for (let walk = open.pop(); walk; walk = open.pop()) {
    space.step();
    follow(walk, open);
    if (walk.packets !== NONE) ways.push({ ...walk, flows: flowsFor(walk.packets, walk.flows, space) });
    if (ways.length + open.length > MOST_WAYS) throw new TooLarge(`more than ${MOST_WAYS} ways`);
  }
  return ways;

  /** To the end; packets that turn off are kept for later, with what they have met. */
  function follow(walk: Walk, later: Walk[]): void {
    while (walk.place !== null && walk.packets !== NONE) {
      const { rules, at, caller }: NonNullable<Place> = walk.place;
      const rule = rules[at];
      if (!rule) {
        walk.place = caller;
        continue;
      }
      const isTop = caller === null;
      if (!turnsOff(rule.target, isTop)) {
        const next = passStretch(walk, rules, at) ?? chainSpace.effectAt(rules, at, walk.effects);
        walk.place = { rules, at: next, caller };
        continue;
      }
      const next = endOfAlike(rules, at);
      walk.place = { rules, at: next, caller };
      const asked = rules.slice(at, next).map((one) => chainSpace.packetsOf(one.tests));
      const set = space.diagram.overrideAll(asked);
      const turning = space.diagram.restrict(walk.packets, set);
      if (turning === NONE) continue;
      const place = turn(rule, walk.place, caller);
      const near = flowsFor(turning, walk.flows, space);
      later.push({ place, packets: turning, effects: [...walk.effects], flows: near });
      walk.packets = space.diagram.minus(walk.packets, set);
    }
  }

  /**
   * A row of flows that some of the packets jump to, and come back from: its effects, for these. A packet that jumps
   * there once more meets what it met before, so several jumps in a row are one. Gives the place behind; null where the
   * chain is something else.
   */
  function passStretch(walk: Walk, rules: readonly ReadRule[], at: number): number | null {
    const chain = jumpedTo(rules[at]);
    if (chain === null || isWhole(chain)) return null;
    const row = rulesOf(chain);
    if (row.some(({ target }) => turnsOff(target, false))) return null;
    const found: Effect[] = [];
    for (let place = 0; place < row.length; ) place = chainSpace.effectAt(row, place, found);
    if (found.some(({ open }) => open)) return null;
    let next = at + 1;
    while (jumpedTo(rules[next]) === chain) next += 1;
    const asked = rules.slice(at, next).map((one) => chainSpace.packetsOf(one.tests));
    const set = space.diagram.overrideAll(asked);
    for (const { node, open } of found) {
      const inside = space.diagram.restrict(node, set);
      if (inside !== NONE) walk.effects.push({ node: inside, open });
    }
    return next;
  }

  function turn(rule: ReadRule, next: Place, caller: Place): Place {
    const { target } = rule;
    if (target.does !== "jump" && target.does !== "goto") return caller;
    if (!isWhole(target.chain)) {
      return { rules: rulesOf(target.chain), at: 0, caller: target.does === "jump" ? next : caller };
    }
    // What goes to a chain for good meets it, and goes on where this chain was called from.
    return { rules: [{ ...rule, tests: [], asks: "", target: { ...target, does: "jump" } }], at: 0, caller };
  }
}

/** Do packets that meet the rule go another way than those that don't? `isTop`: it stands in a built-in chain. */
function turnsOff(target: Target, isTop: boolean): boolean {
  if (target.does === "jump") return isTop && !isWhole(target.chain);
  return target.does === "return" || target.does === "goto";
}

/** The chain that packets come back from. */
function jumpedTo(rule: ReadRule | undefined): string | null {
  return rule?.target.does === "jump" ? rule.target.chain : null;
}

/** Behind the rules that turn packets off to the same place, never to come back here. */
function endOfAlike(rules: readonly ReadRule[], at: number): number {
  const first = rules[at]?.target;
  let next = at + 1;
  if (first?.does === "jump") return next;
  const isSame = (other: Target | undefined) =>
    other?.does === first?.does &&
    (other?.does !== "goto" || first?.does !== "goto" || other.chain === first.chain);
  while (isSame(rules[next]?.target)) next += 1;
  return next;
}

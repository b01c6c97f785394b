/**
 * Are the effects that packets meet on a way those of the flows? Where both have the same effects in the same order
 * there is nothing to work out. A packet that no other effect is for meets the same on both sides, so only the packets
 * of the others are looked at, as between two configs.
 */
import type { Box } from "../space/boxes.ts";
import type { Judged, Space } from "../space/decisions.ts";
import { LEVEL } from "../space/fields.ts";
import type { Intervals } from "../space/intervals.ts";
import { NONE, type Node, terminal } from "../space/node-store.ts";
import type { JudgingRule } from "../space/rules.ts";
import { commonSubsequence } from "../subsequence.ts";
import { verdictOf } from "../walk.ts";
import type { ChainSpace, Effect } from "./chain-space.ts";
import type { MarkOwners } from "./mark-owners.ts";
import { type Outcomes, UNTOUCHED } from "./outcomes.ts";
import type { ProofOptions } from "./proof.ts";
import type { Way } from "./ways.ts";

/** What one flow does to packets, in the outcomes of chains; `low` and `high`: the destinations that it is for. */
export type FlowEffect = { node: Node; low: number; high: number };

/** What each flow does, in their order. */
export function flowEffects(
  space: Space,
  outcomes: Outcomes,
  owners: MarkOwners,
  options: ProofOptions,
): FlowEffect[] {
  const ignored = outcomes.numberOf({ ...UNTOUCHED, end: "return" });
  return byFlow(space.judged[0]).map((rules) => {
    space.step();
    const [first] = rules;
    const boxes = rules.flatMap((rule) => rule.boxes);
    const gives = rules.some((rule) => !rule.ignores && rule.boxes.length > 0);
    const outcome = first && gives ? owners.give(verdictOf(first.flow, options)) : UNTOUCHED;
    const verdict = outcomes.numberOf(outcome);
    const nodes = rules.flatMap((rule) =>
      rule.boxes.map((box) => space.boxNode(box, terminal(rule.ignores ? ignored : verdict))),
    );
    const ended = space.diagram.overrideAll(nodes);
    const node = rules.some(({ ignores }) => ignores)
      ? space.diagram.map(ended, (number) => (number === ignored ? 0 : number))
      : ended;
    return { node, ...destinationsOf(boxes) };
  });
}

function byFlow(judged: Judged | undefined): JudgingRule[][] {
  const flows: JudgingRule[][] = [];
  for (const rule of judged?.rules ?? []) {
    const last = flows.at(-1);
    if (last?.[0]?.flowIndex === rule.flowIndex) last.push(rule);
    else flows.push([rule]);
  }
  return flows;
}

function destinationsOf(boxes: readonly Box[]): { low: number; high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, -1];
  for (const box of boxes) {
    const intervals = box[LEVEL.dst];
    low = Math.min(low, intervals?.[0] ?? 0);
    high = Math.max(high, intervals?.at(-1) ?? Number.POSITIVE_INFINITY);
  }
  return { low, high };
}

/** The packets of a way for which chains and flows differ. Throws TooLarge. */
export function differenceOn(
  { packets, effects }: Way,
  flows: readonly FlowEffect[],
  space: Space,
  chainSpace: ChainSpace,
): Node {
  const { diagram, world } = space;
  const within = (all: readonly Effect[], set: Node): Effect[] =>
    all
      .map(({ node, open }) => ({ node: diagram.restrict(node, set), open }))
      .filter(({ node }) => node !== NONE);
  const destinations = diagram.project(packets, LEVEL.dst, world.maxima[LEVEL.dst] ?? 0);
  const near = flows.filter((flow) => reaches(flow, destinations)).map(({ node }) => ({ node, open: false }));
  const [got, wanted] = [within(effects, packets), within(near, packets)];
  let seen: Node = NONE;
  for (const { node } of others(got, wanted)) {
    const set = diagram.minus(node, seen);
    if (set === NONE) continue;
    const here = diagram.pair(
      chainSpace.inOrder(within(got, set)),
      chainSpace.inOrder(within(wanted, set)),
      (a, b) => (a === b ? 0 : 1),
    );
    if (here !== NONE) return here;
    seen = diagram.override(seen, set);
  }
  return NONE;
}

function reaches({ low, high }: FlowEffect, destinations: Intervals): boolean {
  return low <= (destinations.at(-1) ?? -1) && (destinations[0] ?? 0) <= high;
}

/** Those that are not on both sides in one order. */
function others(got: readonly Effect[], wanted: readonly Effect[]): Effect[] {
  const isSame = got.length === wanted.length && got.every(({ node }, at) => node === wanted[at]?.node);
  if (isSame) return [];
  const { inLeft, inRight } = commonSubsequence(
    got.map(({ node }) => node),
    wanted.map(({ node }) => node),
  );
  return [...got.filter((_, at) => !inLeft.has(at)), ...wanted.filter((_, at) => !inRight.has(at))];
}

/**
 * Are the effects that packets meet on a way those of the flows? Where both have the same effects in the same order
 * there is nothing to work out. A packet that no other effect is for meets the same on both sides, so only the packets
 * of the others are looked at, as between two configs.
 */
import type { Box } from "../space/boxes.ts";
import type { Judged, Space } from "../space/decisions.ts";
import { LEVEL } from "../space/fields.ts";
import { haveCommon, type Intervals, unionOf } from "../space/intervals.ts";
import { NONE, type Node, terminal } from "../space/node-store.ts";
import type { JudgingRule } from "../space/rules.ts";
import { commonSubsequence } from "../subsequence.ts";
import { verdictOf } from "../walk.ts";
import type { ChainSpace, Effect } from "./chain-space.ts";
import type { MarkOwners } from "./mark-owners.ts";
import { type Outcomes, UNTOUCHED } from "./outcomes.ts";
import type { ProofOptions } from "./proof.ts";
import type { Way } from "./ways.ts";

/** What one flow does to packets, in the outcomes of chains. */
export type FlowEffect = { node: Node; hull: Hull };

/** The values of each of DISPATCHED that some packet of a set has, absent: any. */
type Hull = readonly (Intervals | undefined)[];

/** What dispatches tell flows apart by. */
const DISPATCHED = [LEVEL.dst, LEVEL.src, LEVEL.proto];

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
    const deciding = rules.flatMap((rule) => (rule.ignores ? [] : rule.boxes));
    const outcome = first && deciding.length > 0 ? owners.give(verdictOf(first.flow, options)) : UNTOUCHED;
    const verdict = outcomes.numberOf(outcome);
    const nodes = rules.flatMap((rule) =>
      rule.boxes.map((box) => space.boxNode(box, terminal(rule.ignores ? ignored : verdict))),
    );
    const ended = space.diagram.overrideAll(nodes);
    const node = rules.some(({ ignores }) => ignores)
      ? space.diagram.map(ended, (number) => (number === ignored ? 0 : number))
      : ended;
    return { node, hull: hullOf(deciding) };
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

function hullOf(boxes: readonly Box[]): Hull {
  return DISPATCHED.map((level) => {
    const pairs: [number, number][] = [];
    for (const box of boxes) {
      const intervals = box[level];
      if (!intervals) return undefined;
      for (let at = 0; at < intervals.length; at += 2)
        pairs.push([intervals[at] ?? 0, intervals[at + 1] ?? 0]);
    }
    return unionOf(pairs);
  });
}

/** The flows that may be for some of the packets, and perhaps some more. */
export function flowsFor(
  packets: Node,
  flows: readonly FlowEffect[],
  { diagram, world }: Space,
): FlowEffect[] {
  const hull = DISPATCHED.map((level) => diagram.project(packets, level, world.maxima[level] ?? 0));
  return flows.filter((flow) =>
    hull.every((values, at) => {
      const own = flow.hull[at];
      return own === undefined || haveCommon(own, values);
    }),
  );
}

/** The packets of a way for which chains and flows differ. Throws TooLarge. */
export function differenceOn({ packets, effects, flows }: Way, space: Space, chainSpace: ChainSpace): Node {
  const { diagram } = space;
  const within = (some: readonly Effect[], set: Node): Effect[] =>
    some
      .map(({ node, open }) => ({ node: diagram.restrict(node, set), open }))
      .filter(({ node }) => node !== NONE);
  const all = flows.map(({ node }) => ({ node, open: false }));
  const [got, wanted] = [within(effects, packets), within(all, packets)];
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

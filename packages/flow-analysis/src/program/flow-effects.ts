/** What each flow of a config does to packets, said as chains would, and which flows are for which packets. */
import type { Box } from "../space/boxes.ts";
import type { Judged, Space } from "../space/decisions.ts";
import { haveCommon, type Intervals, unionOf } from "../space/intervals.ts";
import { LEVEL } from "../space/levels.ts";
import { type Node, terminal } from "../space/node-store.ts";
import type { JudgingRule } from "../space/rules.ts";
import { type TraceOptions, verdictOf } from "../walk.ts";
import type { MarkOwners } from "./mark-owners.ts";
import { type Outcomes, UNTOUCHED } from "./outcomes.ts";

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
  options: TraceOptions,
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

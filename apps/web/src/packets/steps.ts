/** The steps of a trace as they are shown: flow by flow, long runs of flows that have nothing to do with the packet folded. */
import type { Step } from "@flowmgr/flow-analysis";
import type { ConditionKind } from "@flowmgr/flow-model";

export type MetFlow = { flow: string; steps: Step[] };

export type Part = { folded: false; met: MetFlow } | { folded: true; flows: MetFlow[] };

/** A run this short is as quickly read as the line that would stand for it. */
const SHORTEST_FOLD = 3;

/** Conditions that say whether a packet is of the kind that a flow is about at all. */
const AT_ONCE: readonly ConditionKind[] = ["iface", "proto", "src", "dst"];

/** Steps by flow, in their order. */
export function byFlow(steps: readonly Step[]): MetFlow[] {
  const flows: MetFlow[] = [];
  for (const step of steps) {
    const last = flows.at(-1);
    if (last?.flow === step.flow) last.steps.push(step);
    else flows.push({ flow: step.flow, steps: [step] });
  }
  return flows;
}

/** Has the flow to do with the packet: would one of its rules hold, or does it fail only at a port, a type or a state? */
export function concerns({ steps }: MetFlow): boolean {
  return steps.some(({ holds, failed }) => holds || failed === null || !AT_ONCE.includes(failed));
}

/** Runs of flows that do not concern the packet become one part each, except those in `shown`. */
export function foldFlows(flows: readonly MetFlow[], shown: ReadonlySet<string>): Part[] {
  const parts: Part[] = [];
  let run: MetFlow[] = [];
  function end() {
    if (run.length >= SHORTEST_FOLD) parts.push({ folded: true, flows: run });
    else parts.push(...run.map((met) => ({ folded: false as const, met })));
    run = [];
  }
  for (const met of flows) {
    if (!concerns(met) && !shown.has(met.flow)) run.push(met);
    else {
      end();
      parts.push({ folded: false, met });
    }
  }
  end();
  return parts;
}

/** Steps that the other config does not take: a flow that was met here alone, or a rule with another outcome. */
export function otherThan(steps: readonly Step[], other: readonly Step[]): ReadonlySet<Step> {
  const said = ({ flow, holds, why }: Step) => `${flow} ${holds} ${why}`;
  const there = new Set(other.map(said));
  return new Set(steps.filter((step) => !there.has(said(step))));
}

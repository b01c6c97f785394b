/** The tester: what becomes of a packet, with every rule that it met and why. */
import type { ConditionKind, Config, Packet } from "@flowmgr/flow-model";
import { type Decision, meaningOf, type TraceOptions, UNDECIDED, walk } from "./walk.ts";
import { explain, explainSpared } from "./why.ts";

export type Step = {
  flow: string;
  /** Number in the flow; null for the end of a director flow that took its ICMP error. */
  rule: number | null;
  holds: boolean;
  /** The first condition that fails, in the grammar's order; null when all hold. */
  failed: ConditionKind | null;
  /** One sentence for a person. */
  why: string;
};

export type Trace = Decision & {
  /** Why a rule whose conditions all hold still let the packet go by; null when there was none. */
  spared: string | null;
  /** Every rule that was tried, in order; skipped flows and rules that are off are not visited. */
  steps: Step[];
};

/** What becomes of an IPv6 packet where none is judged, whatever the config says. */
export const UNJUDGED: Trace = {
  ...UNDECIDED,
  spared: "IPv6 is not judged here: it is switched off (--ipv6 off), or the machine lacks it",
  steps: [],
};

/** What becomes of the packet, with every step. About 20 ms for a packet that meets ten thousand flows. */
export function trace(config: Config, packet: Packet, options: TraceOptions = {}): Trace {
  const meaning = meaningOf(options);
  const steps: Step[] = [];
  let spared: string | null = null;
  const decision = walk(config, packet, options, (met) => {
    const { flow, number, held } = met;
    const failed = held.holds || held.failed === "spared" ? null : held.failed;
    if (!held.holds && held.failed === "spared") spared ??= explainSpared(packet, meaning);
    steps.push({
      flow: flow.name,
      rule: number,
      holds: held.holds,
      failed,
      why: explain(met, packet, meaning),
    });
  });
  return { ...decision, spared, steps };
}

/** The verdict alone, and who gave it: what `trace` says, without the steps. */
export function decide(config: Config, packet: Packet, options: TraceOptions = {}): Decision {
  return walk(config, packet, options, () => {});
}

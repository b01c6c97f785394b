/** Many packets through one config: who decides each, without walking through all flows. */
import type { Config, Family, Packet } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "./options.ts";
import { Space } from "./space/decisions.ts";
import { valuesOf } from "./space/fields.ts";
import type { Direction, JudgingRule } from "./space/rules.ts";
import { type Decision, type TraceOptions, UNDECIDED, verdictOf } from "./walk.ts";

export type Tracer = {
  /** What `decide` says, in some microseconds. */
  decide(packet: Packet): Decision;
};

/**
 * Answers for a config that `check` finds no error in. An index of a direction and family is made when the first packet
 * of it comes, in about 100 ms for ten thousand flows; that throws TooLarge once `options.stop` says true.
 */
export function tracer(config: Config, options: AnalysisOptions = {}): Tracer {
  const known = new Map<string, (packet: Packet) => Decision>();
  return {
    decide(packet) {
      const { direction, family } = packet;
      const key = direction + family;
      let decider = known.get(key);
      if (!decider) {
        decider = deciderOf(config, direction, family, options);
        known.set(key, decider);
      }
      return decider(packet);
    },
  };
}

function deciderOf(config: Config, direction: Direction, family: Family, options: AnalysisOptions) {
  const space = new Space([config], direction, family, options);
  const [judged] = space.judged;
  const decisions = judged?.rules.map((rule) => decisionOf(rule, options)) ?? [];
  const index = judged?.index;
  return (packet: Packet): Decision => {
    const place = index?.decider(valuesOf(space.world, packet)) ?? -1;
    return decisions[place] ?? UNDECIDED;
  };
}

function decisionOf({ flow, rule }: JudgingRule, options: TraceOptions): Decision {
  return {
    verdict: verdictOf(flow, options),
    flow: flow.name,
    rule: rule === null ? null : rule + 1,
    icmpErrors: rule === null,
  };
}

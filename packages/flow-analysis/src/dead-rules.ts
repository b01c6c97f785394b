/**
 * Rules that could go: those that no packet comes to, and those that change no verdict. Each is proven, over all
 * packets; what cannot be proven within the budget is said to be open and never called dead. After an edit only rules
 * are judged of which what was known before it does not tell.
 */
import type { Config, Family } from "@flowmgr/flow-model";
import type { DeadRule, DeadRules } from "./dead-rule.ts";
import { Judging } from "./judging.ts";
import {
  type Judgement,
  type Judgements,
  keptJudgements,
  type Previous,
  remember,
} from "./kept-judgements.ts";
import type { AnalysisOptions } from "./options.ts";
import { Space } from "./space/decisions.ts";
import { flowsAround } from "./space/narrow.ts";
import { within } from "./space/node-store.ts";
import { type Reach, reachOf } from "./space/reach.ts";
import {
  type Direction,
  type FlowInForce,
  flowsInForce,
  type JudgingRule,
  keyOfRule,
  nameOf,
} from "./space/rules.ts";

/**
 * The dead rules of a config that `check` finds no error in, in its order; flows that are switched off have none.
 * `previous`: what was found before an edit; only rules are judged anew then of which that does not tell.
 */
export function deadRules(
  config: Config,
  { previous, ...options }: AnalysisOptions & { previous?: Previous } = {},
): DeadRules {
  const kept: Judgements = previous ? keptJudgements(previous, config) : [];
  const found: Found[] = [];
  for (const direction of ["in", "out"] as const) {
    const flows = flowsInForce(config, direction);
    for (const family of [4, 6] as const) found.push(...judge(flows, kept, direction, family, options));
  }
  return summary(kept, found);
}

/** What is known of a rule in one family. */
type Found = {
  rule: Pick<JudgingRule, "flow" | "flowIndex" | "rule">;
  state: Judgement | "open";
};

/** With what was known before. A rule is dead when it is in each family in which it holds for anything. */
function summary(kept: Judgements, found: readonly Found[]): DeadRules {
  const byRule = new Map<string, Found[]>();
  for (const one of found) {
    const key = keyOfRule(one.rule);
    const known = byRule.get(key);
    if (known) known.push(one);
    else byRule.set(key, [one]);
  }
  const known = kept.map((rules) => rules && [...rules]);
  const open: Found["rule"][] = [];
  for (const both of byRule.values()) {
    const [first] = both;
    const judgement = ofBoth(both.map(({ state }) => state));
    if (!first || first.rule.rule === null) continue;
    const { flowIndex, rule } = first.rule;
    if (judgement === "open") {
      open.push(first.rule);
      continue;
    }
    const ofFlow = known[flowIndex] ?? [];
    ofFlow[rule] = judgement;
    known[flowIndex] = ofFlow;
  }
  const dead = known.flatMap(
    (rules) => rules?.flatMap((one) => (one && "dead" in one ? one.dead : [])) ?? [],
  );
  const names = open.sort((a, b) => a.flowIndex - b.flowIndex || (a.rule ?? 0) - (b.rule ?? 0)).map(nameOf);
  return remember({ status: open.length > 0 ? "partial" : "complete", dead, open: names }, known);
}

function ofBoth(states: readonly Found["state"][]): Found["state"] {
  const acting = states.filter((state) => state !== "open" && "witness" in state);
  if (acting[0]) return acting.find(({ witness }) => witness !== null) ?? acting[0];
  if (states.includes("open")) return "open";
  const dead = states.flatMap((state) => (state !== "open" && "dead" in state ? state : []));
  const [reason] = dead.sort((a, b) => ORDER.indexOf(b.dead.reason) - ORDER.indexOf(a.dead.reason));
  return reason ?? "open";
}

/** The later one says less. */
const ORDER: readonly DeadRule["reason"][] = ["covered-by-one", "covered-together", "no-effect"];

function judge(
  flows: readonly FlowInForce[],
  kept: Judgements,
  direction: Direction,
  family: Family,
  options: AnalysisOptions,
): Found[] {
  const isKnown = (flowIndex: number, rule: number) => kept[flowIndex]?.[rule] !== undefined;
  const asked = rulesToJudge(flows, isKnown, family);
  if (asked.length === 0) return [];
  const space = within(() => {
    const around = kept.length === 0 ? flows : flowsBeside(flows, asked, family);
    return new Space([around], direction, family, options);
  });
  const [judged] = space?.judged ?? [];
  // Nothing is known of any rule.
  if (!space || !judged) return asked.map((rule) => ({ rule, state: "open" }));
  const judging = new Judging(space, judged, options);
  return judged.rules.flatMap((rule, at) => {
    if (rule.rule === null || rule.boxes.length === 0 || isKnown(rule.flowIndex, rule.rule)) return [];
    return [{ rule, state: judging.of(at) }];
  });
}

type Asked = Found["rule"] & { reach: Reach };

/** Those that can hold for a packet of the family, and of which nothing is known. */
function rulesToJudge(
  flows: readonly FlowInForce[],
  isKnown: (flowIndex: number, rule: number) => boolean,
  family: Family,
): Asked[] {
  const asked: Asked[] = [];
  for (const { flow, flowIndex } of flows) {
    for (const [rule, { off, conditions }] of flow.rules.entries()) {
      const reach = off || isKnown(flowIndex, rule) ? null : reachOf(conditions, family);
      if (reach) asked.push({ flow, flowIndex, rule, reach });
    }
  }
  return asked;
}

/** The flows of the rules, and all that can decide a packet of theirs. */
function flowsBeside(flows: readonly FlowInForce[], asked: readonly Asked[], family: Family): FlowInForce[] {
  const reaches = asked.map(({ reach }) => reach);
  const own = new Set(asked.map(({ flowIndex }) => flowIndex));
  const around = new Set(flowsAround(flows, family, reaches));
  return flows.filter((one) => own.has(one.flowIndex) || around.has(one));
}

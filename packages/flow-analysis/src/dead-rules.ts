/**
 * Rules that could go: those that no packet comes to, and those that change no verdict. Each is proven, over all
 * packets; what cannot be proven within the budget is said to be open and never called dead.
 *
 * Most rules are settled by a packet: one that comes to the rule and would have another verdict without it. The
 * packets that are tried are corners of what the rule holds for, points outside of the rule that took the last
 * one, and points inside of later rules that say something else. Only where none is found, a diagram of the
 * earlier rules, restricted to what this rule holds for, decides.
 */
import type { Config, Family } from "@flowmgr/flow-model";
import type { DeadRule, DeadRules } from "./dead-rule.ts";
import { type Kept, keptJudgements, type Previous } from "./kept-judgements.ts";
import type { AnalysisOptions } from "./options.ts";
import { type Box, meet, meetings } from "./space/boxes.ts";
import { type Judged, Space } from "./space/decisions.ts";
import { packetOf } from "./space/fields.ts";
import { flowsAround } from "./space/narrow.ts";
import { within } from "./space/node-store.ts";
import { type Reach, reachOf } from "./space/reach.ts";
import { errorsLost, flowEnd, loseVerdict, proveRule } from "./space/rule-proof.ts";
import {
  type Direction,
  type FlowInForce,
  flowsInForce,
  type JudgingRule,
  keyOfRule,
  nameOf,
  type RuleName,
} from "./space/rules.ts";
import { isInside, likelyPoint, Sampler } from "./space/sample.ts";
import { type TraceOptions, verdictKey } from "./walk.ts";

/** Edges of a diagram for one rule: some 300 ms. */
const EDGES_FOR_ONE = 1_000_000;
/** Edges for all rules of a config, direction and family: some seconds. */
const EDGES_FOR_ALL = 8_000_000;
/** Packets that are tried before a proof is. Measured: beyond these, more find little. */
const TRIES = 24;
/** Of these for each later rule. */
const TRIES_FOR_LATER = 6;
/** Most rules named beside a dead one. */
const MOST_NAMED = 5;

/**
 * The dead rules of a config that `check` finds no error in, in its order; flows that are switched off have none.
 * `previous`: what was found before an edit; only rules that hold for packets of touched rules are judged anew then.
 */
export function deadRules(
  config: Config,
  { previous, ...options }: AnalysisOptions & { previous?: Previous } = {},
): DeadRules {
  const kept: Kept = previous ? keptJudgements(previous, config) : new Map();
  const found: Found[] = [];
  for (const direction of ["in", "out"] as const) {
    const flows = flowsInForce(config, direction);
    for (const { flow, flowIndex } of flows) {
      for (const index of flow.rules.keys()) {
        const dead = kept.get(keyOfRule({ flowIndex, rule: index }));
        if (dead) found.push({ rule: { flow, flowIndex, rule: index }, state: { dead } });
      }
    }
    for (const family of [4, 6] as const) found.push(...judge(flows, kept, direction, family, options));
  }
  return summary(found);
}

/** What is known of a rule in one family. */
type Found = {
  rule: Pick<JudgingRule, "flow" | "flowIndex" | "rule">;
  state: "acts" | "open" | { dead: DeadRule };
};

/** A rule is dead when it is in each family in which it holds for anything. */
function summary(found: readonly Found[]): DeadRules {
  const byRule = new Map<string, Found[]>();
  const inOrder = [...found].sort(
    ({ rule: a }, { rule: b }) => a.flowIndex - b.flowIndex || (a.rule ?? 0) - (b.rule ?? 0),
  );
  for (const one of inOrder) {
    const key = keyOfRule(one.rule);
    byRule.set(key, [...(byRule.get(key) ?? []), one]);
  }
  const dead: DeadRule[] = [];
  const open: RuleName[] = [];
  for (const both of byRule.values()) {
    if (both.some(({ state }) => state === "acts")) continue;
    const [first] = both;
    const reasons = both.flatMap(({ state }) => (typeof state === "object" ? [state.dead] : []));
    const [reason] = reasons.sort((a, b) => ORDER.indexOf(b.reason) - ORDER.indexOf(a.reason));
    if (reason && reasons.length === both.length) dead.push(reason);
    else if (first) open.push(nameOf(first.rule));
  }
  return { status: open.length > 0 ? "partial" : "complete", dead, open };
}

/** The later one says less. */
const ORDER: readonly DeadRule["reason"][] = ["covered-by-one", "covered-together", "no-effect"];

function judge(
  flows: readonly FlowInForce[],
  kept: Kept,
  direction: Direction,
  family: Family,
  options: AnalysisOptions,
): Found[] {
  const asked = rulesToJudge(flows, kept, family);
  if (asked.length === 0) return [];
  const space = within(() => {
    const around = kept.size === 0 ? flows : flowsBeside(flows, asked, family);
    return new Space([around], direction, family, options);
  });
  const [judged] = space?.judged ?? [];
  // Nothing is known of any rule.
  if (!space || !judged) return asked.map((rule) => ({ rule, state: "open" }));
  const judgement = new Judgement(space, judged, options);
  return judged.rules.flatMap((rule, at) => {
    if (rule.rule === null || rule.boxes.length === 0 || kept.has(keyOfRule(rule))) return [];
    return [{ rule, state: judgement.of(at) }];
  });
}

type Asked = Found["rule"] & { reach: Reach };

/** Those that can hold for a packet of the family, and of which nothing is known. */
function rulesToJudge(flows: readonly FlowInForce[], kept: Kept, family: Family): Asked[] {
  return flows.flatMap(({ flow, flowIndex }) =>
    flow.rules.flatMap(({ off, conditions }, rule): Asked[] => {
      const reach = off || kept.has(keyOfRule({ flowIndex, rule })) ? null : reachOf(conditions, family);
      return reach ? [{ flow, flowIndex, rule, reach }] : [];
    }),
  );
}

/** The flows of the rules, and all that can decide a packet of theirs. */
function flowsBeside(flows: readonly FlowInForce[], asked: readonly Asked[], family: Family): FlowInForce[] {
  const reaches = asked.map(({ reach }) => reach);
  const own = new Set(asked.map(({ flowIndex }) => flowIndex));
  const around = new Set(flowsAround(flows, family, reaches));
  return flows.filter((one) => own.has(one.flowIndex) || around.has(one));
}

class Judgement {
  readonly #space: Space;
  readonly #judged: Judged;
  /** For each rule its verdict, as text; "" where it ignores. */
  readonly #verdicts: readonly string[];
  #edgesLeft = EDGES_FOR_ALL;

  constructor(space: Space, judged: Judged, options: TraceOptions) {
    this.#space = space;
    this.#judged = judged;
    this.#verdicts = judged.rules.map(({ flow, ignores }) => (ignores ? "" : verdictKey(flow, options)));
  }

  of(at: number): Found["state"] {
    return within(() => this.#judge(at)) ?? "open";
  }

  #judge(at: number): Found["state"] {
    const rule = this.#judged.rules[at];
    const tried = this.#try(at);
    if (!rule || tried.acts) return "acts";
    const one = tried.reached ? null : this.#coveredByOne(at, tried.point);
    const errors = errorsLost(this.#space, this.#judged, at);
    if (one !== null && errors.length === 0) return this.#dead(at, "covered-by-one", [one], tried.point);
    if (this.#edgesLeft <= 0) return "open";
    try {
      this.#space.renew(Math.min(EDGES_FOR_ONE, this.#edgesLeft));
      const verdict = (place: number) => this.#verdictOf(place);
      const proof = one === null ? proveRule(this.#space, this.#judged, at, verdict) : "unreached";
      if (proof === "matters") return "acts";
      // What it takes itself may then be errors, too, so only of one that takes nothing these alone are to be looked at.
      const loses = proof === "no-effect" || loseVerdict(this.#space, this.#judged, at, errors, verdict);
      if (errors.length > 0 && loses) return "acts";
      if (one !== null) return this.#dead(at, "covered-by-one", [one], tried.point);
      const reason = proof === "unreached" ? "covered-together" : proof;
      return this.#dead(at, reason, this.#takers(at, reason), tried.point);
    } finally {
      this.#edgesLeft -= this.#space.diagram.edges;
    }
  }

  /** Looks for a packet that shows the rule to matter. */
  #try(at: number): { acts: boolean; reached: boolean; point: readonly number[] } {
    const { index, rules } = this.#judged;
    const boxes = rules[at]?.boxes ?? [];
    const sampler = new Sampler(this.#space.world, at);
    let point = sampler.first(boxes[0] ?? []);
    let sample = point;
    let reached = false;
    for (let turn = 0; turn < TRIES; turn += 1) {
      this.#space.step();
      const box = boxes[turn % boxes.length] ?? [];
      const blocker = index.blocker(point, at);
      if (blocker < 0) {
        if (!reached) sample = point;
        reached = true;
        if (this.#matters(at, point)) return { acts: true, reached, point };
        point = sampler.draw(box);
      } else {
        const taken = rules[blocker]?.boxes[0];
        point = (taken && sampler.drawOutside(box, taken)) ?? sampler.draw(box);
      }
    }
    if (reached && this.#mattersInLater(at, sampler)) return { acts: true, reached, point: sample };
    return { acts: false, reached, point: sample };
  }

  /** Would the packet's verdict be another one without the rule? */
  #matters(at: number, point: readonly number[]): boolean {
    const { index } = this.#judged;
    return this.#verdictOf(index.decider(point)) !== this.#verdictOf(index.decider(point, at));
  }

  #verdictOf(at: number): string {
    return this.#verdicts[at] ?? "undecided";
  }

  /** Tries packets of later rules that say something else; one that ignores changes nothing but in its own flow. */
  #mattersInLater(at: number, sampler: Sampler): boolean {
    const { rules, index } = this.#judged;
    const end = rules[at]?.ignores ? flowEnd(this.#judged, at) : rules.length;
    let tries = 0;
    for (let later = at + 1; later < end && tries < TRIES; later += 1) {
      this.#space.step();
      if (this.#verdicts[later] === this.#verdicts[at]) continue;
      for (const both of meetings(rules[at]?.boxes ?? [], rules[later]?.boxes ?? [])) {
        for (let turn = 0; turn < TRIES_FOR_LATER; turn += 1) {
          const point = sampler.draw(both);
          if (index.blocker(point, at) < 0 && this.#matters(at, point)) return true;
        }
        tries += 1;
      }
    }
    return false;
  }

  /** One earlier rule that takes all that this one holds for; only those that take the sample can. */
  #coveredByOne(at: number, sample: readonly number[]): number | null {
    const { rules, index } = this.#judged;
    const rule = rules[at];
    if (!rule) return null;
    for (const other of [...index.deciding(sample), index.blocker(sample, at)]) {
      const earlier = rules[other];
      if (other >= at || !earlier) continue;
      const sameFlow = earlier.flowIndex === rule.flowIndex;
      if (!sameFlow && this.#isLeftBefore(other, rule.boxes)) continue;
      const covers = rule.boxes.every((box) =>
        earlier.boxes.some((wide) => isInside(box, wide, this.#space.world)),
      );
      if (covers) return other;
    }
    return null;
  }

  /** Does an `ignore` before a rule, in its flow, take any packet of the boxes past it? */
  #isLeftBefore(at: number, boxes: readonly Box[]): boolean {
    const { rules } = this.#judged;
    const flow = rules[at]?.flowIndex;
    for (let before = at - 1; rules[before]?.flowIndex === flow; before -= 1) {
      const earlier = rules[before];
      if (!earlier?.ignores) continue;
      if (earlier.boxes.some((one) => boxes.some((box) => meet(one, box) !== null))) return true;
    }
    return false;
  }

  /** Who takes the rule's packets before it, or after it: those met most often by packets drawn from it first. */
  #takers(at: number, reason: DeadRule["reason"]): number[] {
    const { index, rules } = this.#judged;
    const sampler = new Sampler(this.#space.world, at);
    const counts = new Map<number, number>();
    for (let turn = 0; turn < 8 * TRIES; turn += 1) {
      const boxes = rules[at]?.boxes ?? [];
      const point = sampler.draw(boxes[turn % boxes.length] ?? []);
      const taker = reason === "no-effect" ? index.decider(point, at) : index.blocker(point, at);
      if (taker >= 0 && taker !== at) counts.set(taker, (counts.get(taker) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a).map(([taker]) => taker);
  }

  #dead(
    at: number,
    reason: DeadRule["reason"],
    by: readonly number[],
    point: readonly number[],
  ): Found["state"] {
    const { rules } = this.#judged;
    const { world, direction } = this.#space;
    const names = by.flatMap((one) => rules[one] ?? []).map(nameOf);
    const name = rules[at];
    if (!name) return "open";
    // Of what is blocked every packet shows it, of what has no effect only one that comes to the rule.
    const shows = (likely: readonly number[]) =>
      this.#judged.index.blocker(likely, at) < 0 === (reason === "no-effect");
    const likely = name.boxes.map((box) => likelyPoint(box, world)).find(shows);
    const packet = packetOf(world, direction, likely ?? point);
    return { dead: { ...nameOf(name), reason, by: names.slice(0, MOST_NAMED), packet } };
  }
}

/**
 * Does a rule act? Most are settled by a packet: one that comes to the rule and would have another verdict without it.
 * The packets that are tried are corners of what the rule holds for, points outside of the rule that took the last
 * one, and points inside of later rules that say something else. Only where none is found, a diagram of the
 * earlier rules, restricted to what this rule holds for, decides.
 */
import type { DeadRule } from "./dead-rule.ts";
import type { Judgement } from "./kept-judgements.ts";
import { type Box, meet, meetings } from "./space/boxes.ts";
import type { Judged, Space } from "./space/decisions.ts";
import { packetOf } from "./space/fields.ts";
import { LEVEL } from "./space/levels.ts";
import { within } from "./space/node-store.ts";
import type { Point } from "./space/reach.ts";
import { errorsLost, flowEnd, loseVerdict, proveRule } from "./space/rule-proof.ts";
import { nameOf } from "./space/rules.ts";
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

/** It does, and no single packet is known that shows it. */
const ACTS: Judgement = { witness: null };

/** Judges the rules of a space, one after the other. */
export class Judging {
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

  of(at: number): Judgement | "open" {
    return within(() => this.#judge(at)) ?? "open";
  }

  #judge(at: number): Judgement | "open" {
    const rule = this.#judged.rules[at];
    const tried = this.#try(at);
    if (!rule) return "open";
    if (tried.acts)
      return { witness: { family: this.#space.world.family, point: this.#pointOf(tried.point) } };
    const one = tried.reached ? null : this.#coveredByOne(at, tried.point);
    const errors = errorsLost(this.#space, this.#judged, at);
    if (one !== null && errors.length === 0) return this.#dead(at, "covered-by-one", [one], tried.point);
    if (this.#edgesLeft <= 0) return "open";
    try {
      this.#space.renew(Math.min(EDGES_FOR_ONE, this.#edgesLeft));
      const verdict = (place: number) => this.#verdictOf(place);
      const proof = one === null ? proveRule(this.#space, this.#judged, at, verdict) : "unreached";
      if (proof === "matters") return ACTS;
      // What it takes itself may then be errors, too, so only of one that takes nothing these alone are to be looked at.
      const loses = proof === "no-effect" || loseVerdict(this.#space, this.#judged, at, errors, verdict);
      if (errors.length > 0 && loses) return ACTS;
      if (one !== null) return this.#dead(at, "covered-by-one", [one], tried.point);
      const reason = proof === "unreached" ? "covered-together" : proof;
      return this.#dead(at, reason, this.#takers(at, reason), tried.point);
    } finally {
      this.#edgesLeft -= this.#space.diagram.edges;
    }
  }

  #pointOf(values: readonly number[]): Point {
    const { dst, src } = this.#space.world;
    return {
      dst: dst.keyOf(values[LEVEL.dst] ?? 0),
      src: src.keyOf(values[LEVEL.src] ?? 0),
      fixed: values,
    };
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
    const later = reached ? this.#mattersInLater(at, sampler) : null;
    return { acts: later !== null, reached, point: later ?? sample };
  }

  /** Would the packet's verdict be another one without the rule? */
  #matters(at: number, point: readonly number[]): boolean {
    const { index } = this.#judged;
    return this.#verdictOf(index.decider(point)) !== this.#verdictOf(index.decider(point, at));
  }

  #verdictOf(at: number): string {
    return this.#verdicts[at] ?? "undecided";
  }

  /** A packet of later rules that say something else, if one is found; a rule that ignores changes nothing but in its own flow. */
  #mattersInLater(at: number, sampler: Sampler): number[] | null {
    const { rules, index } = this.#judged;
    const end = rules[at]?.ignores ? flowEnd(this.#judged, at) : rules.length;
    let tries = 0;
    for (let later = at + 1; later < end && tries < TRIES; later += 1) {
      this.#space.step();
      if (this.#verdicts[later] === this.#verdicts[at]) continue;
      for (const both of meetings(rules[at]?.boxes ?? [], rules[later]?.boxes ?? [])) {
        for (let turn = 0; turn < TRIES_FOR_LATER; turn += 1) {
          const point = sampler.draw(both);
          if (index.blocker(point, at) < 0 && this.#matters(at, point)) return point;
        }
        tries += 1;
      }
    }
    return null;
  }

  /** One earlier rule that takes all that this one holds for; only those that take the sample can, or ignore it, whoever else does. */
  #coveredByOne(at: number, sample: readonly number[]): number | null {
    const { rules, index } = this.#judged;
    const rule = rules[at];
    if (!rule) return null;
    for (const other of [...index.deciding(sample), ...this.#ignoringBefore(at)]) {
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
    return this.#ignoringBefore(at).some((before) =>
      rules[before]?.boxes.some((one) => boxes.some((box) => meet(one, box) !== null)),
    );
  }

  /** The rules before this one, in its flow, that ignore, the first one first. */
  #ignoringBefore(at: number): number[] {
    const { rules } = this.#judged;
    const flow = rules[at]?.flowIndex;
    const ignoring: number[] = [];
    for (let before = at - 1; rules[before]?.flowIndex === flow && before >= 0; before -= 1) {
      if (rules[before]?.ignores) ignoring.unshift(before);
    }
    return ignoring;
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
  ): Judgement | "open" {
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

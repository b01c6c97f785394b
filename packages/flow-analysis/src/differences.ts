/**
 * What an edit does to packets: which of them another rule decides with another verdict, over all packets.
 *
 * Rules that both configs have in the same order are the core. A packet that no other rule holds for meets the same
 * rules in the same flows before and after, so only the packets of the other rules are looked at: an edit among ten
 * thousand flows costs what the edited rules overlap.
 */
import type { Config, Family } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "./options.ts";
import type { Box } from "./space/boxes.ts";
import { type Judged, type Region, Space } from "./space/decisions.ts";
import { describeSet, type PacketRegion } from "./space/described.ts";
import { NONE, type Node, within } from "./space/node-store.ts";
import { reaching } from "./space/rule-proof.ts";
import {
  type Direction,
  flowsInForce,
  type JudgingRule,
  meets,
  nameOf,
  type RuleName,
} from "./space/rules.ts";
import { type TraceOptions, UNDECIDED, type Verdict, verdictOf } from "./walk.ts";

/** Who gives a verdict: every rule that the edit touched by itself, all others together. */
export type Deciders = {
  verdict: Verdict;
  /** The first few in the order of the config; empty where no flow decides. */
  by: RuleName[];
  /** How many more there are. */
  others: number;
};

/** Packets of one kind: who decided them and who does, with another verdict. */
export type PacketChange = {
  was: Deciders;
  is: Deciders;
  direction: Direction;
  /** At most MOST_REGIONS for each family, the wide ones first. They may overlap. */
  regions: PacketRegion[];
  /** Do the regions hold all packets of this kind? */
  whole: boolean;
};

export type PacketChanges = {
  /** `partial`: there may be more; what is told is true all the same. */
  status: "complete" | "partial";
  changes: PacketChange[];
};

const MOST_REGIONS = 20;
/** Edges for one direction and family: some seconds. */
const MOST_EDGES = 8_000_000;

/** What packets another verdict awaits, the most of them first, between two configs that `check` finds no error in. */
export function packetChanges(before: Config, after: Config, options: AnalysisOptions = {}): PacketChanges {
  const groups = new Map<string, PacketChange & { share: number }>();
  let status: PacketChanges["status"] = "complete";
  for (const direction of ["in", "out"] as const) {
    if (flowsInForce(before, direction).length + flowsInForce(after, direction).length === 0) continue;
    for (const family of [4, 6] as const) {
      const found = compare(before, after, direction, family, options);
      if (!found.complete) status = "partial";
      for (const { share, ...change } of found.changes) {
        const key = JSON.stringify([direction, change.was, change.is]);
        const known = groups.get(key);
        groups.set(key, known ? joined(known, change, share) : { ...change, share });
      }
    }
  }
  const changes = [...groups.values()].sort((a, b) => b.share - a.share);
  return { status, changes: changes.map(({ share: _, ...change }) => change) };
}

function joined(one: PacketChange & { share: number }, other: PacketChange, share: number) {
  return {
    ...one,
    regions: [...one.regions, ...other.regions],
    whole: one.whole && other.whole,
    share: one.share + share,
  };
}

type Compared = { complete: boolean; changes: (PacketChange & { share: number })[] };

function compare(
  before: Config,
  after: Config,
  direction: Direction,
  family: Family,
  options: AnalysisOptions,
): Compared {
  const space = within(() => new Space([before, after], direction, family, options));
  const [old, next] = space?.judged ?? [];
  if (!space || !old || !next) return { complete: false, changes: [] };
  space.renew(MOST_EDGES);
  const { inLeft, inRight } = commonSubsequence(old.rules.map(keyOf), next.rules.map(keyOf));
  const kinds = new Kinds(new Side(old, inLeft, options), new Side(next, inRight, options));
  const search = new Search(space, old, next, kinds);
  const found = search.run([
    ...old.rules.flatMap((_, at) => (inLeft.has(at) ? [] : [{ judged: old, at }])),
    ...next.rules.flatMap((_, at) => (inRight.has(at) ? [] : [{ judged: next, at }])),
  ]);
  const changes: Compared["changes"] = [];
  // What was found is told, however large it was.
  space.diagram.widen();
  const numbers = [...space.diagram.terminals(found.differing)].filter((number) => number > 0);
  for (const number of numbers) {
    changes.push({ ...kinds.describe(number), ...describe(space, found.differing, number) });
  }
  return { complete: found.complete, changes };
}

/**
 * The packets with another verdict. Each is decided, before or after, by a rule that the edit touched, or was ignored
 * by one: all others meet the same rules, that end the visits to the same flows.
 */
class Search {
  readonly #space: Space;
  readonly #old: Judged;
  readonly #next: Judged;
  readonly #kinds: Kinds;
  #seen: Node = NONE;
  #differing: Node = NONE;

  constructor(space: Space, old: Judged, next: Judged, kinds: Kinds) {
    this.#space = space;
    this.#old = old;
    this.#next = next;
    this.#kinds = kinds;
  }

  /** Incomplete when the diagram would become too large; what had been found by then is told. */
  run(touched: readonly { judged: Judged; at: number }[]): { differing: Node; complete: boolean } {
    const done = within(() => {
      for (const { judged, at } of touched) {
        for (const box of boxesThatMatter(judged, at)) this.#look(judged, at, box);
      }
      return true;
    });
    return { differing: this.#differing, complete: done ?? false };
  }

  #look(judged: Judged, at: number, box: Box): void {
    const { diagram } = this.#space;
    const set = diagram.minus(reaching(this.#space, judged, at, box), this.#seen);
    if (set === NONE) return;
    const region: Region = { box, set };
    const byRule = judged.rules[at]?.ignores ? null : diagram.map(set, () => judged.base + at);
    const decisions = (side: Judged) =>
      side === judged && byRule !== null ? byRule : this.#space.decisions(side, region);
    const here = diagram.pair(decisions(this.#old), decisions(this.#next), (a, b) => this.#kinds.of(a, b));
    this.#differing = diagram.override(this.#differing, here);
    this.#seen = diagram.override(this.#seen, set);
  }
}

/** The boxes of a rule; of one that ignores those parts that a later rule of its flow would take. */
function boxesThatMatter({ rules }: Judged, at: number): Box[] {
  const rule = rules[at];
  if (!rule?.ignores) return [...(rule?.boxes ?? [])];
  const parts: Box[] = [];
  for (let later = at + 1; rules[later]?.flowIndex === rule.flowIndex; later += 1) {
    if (!rules[later]?.ignores) parts.push(...meets(rule, rules[later]));
  }
  return parts;
}

function describe(space: Space, differing: Node, number: number) {
  const set = space.diagram.map(differing, (other) => (other === number ? 1 : 0));
  return { direction: space.direction, ...describeSet(space, set, MOST_REGIONS) };
}

/** Places of the rules that decided, and of those that do. */
type Kind = { was: Set<number>; is: Set<number> };

/** The kinds of change, numbered from 1. */
class Kinds {
  readonly #kinds: Kind[] = [];
  readonly #byPair = new Map<string, number>();
  readonly #byName = new Map<string, number>();
  readonly #old: Side;
  readonly #next: Side;

  constructor(old: Side, next: Side) {
    this.#old = old;
    this.#next = next;
  }

  /** The number of the kind of packets that terminal `a` decided and `b` does; 0 where the verdicts are the same. */
  of(a: number, b: number): number {
    const key = `${a} ${b}`;
    const known = this.#byPair.get(key);
    if (known !== undefined) return known;
    const number = this.#find(a - this.#old.judged.base, b - this.#next.judged.base);
    this.#byPair.set(key, number);
    return number;
  }

  #find(was: number, is: number): number {
    if (this.#old.verdicts[was] === this.#next.verdicts[is]) return 0;
    const name = `${this.#old.nameOf(was)} ${this.#next.nameOf(is)}`;
    const number = this.#byName.get(name) ?? this.#kinds.push({ was: new Set(), is: new Set() });
    this.#byName.set(name, number);
    this.#kinds[number - 1]?.was.add(was);
    this.#kinds[number - 1]?.is.add(is);
    return number;
  }

  /** Who decided, and who does. */
  describe(number: number): Pick<PacketChange, "was" | "is"> {
    const kind = this.#kinds[number - 1];
    return {
      was: this.#old.describe(kind?.was ?? new Set()),
      is: this.#next.describe(kind?.is ?? new Set()),
    };
  }
}

/** Most rules named beside a change. */
const MOST_NAMED = 5;

/** One of the two configs: verdicts by place, and which rules the other one has as well. */
class Side {
  readonly judged: Judged;
  readonly verdicts: readonly string[];
  readonly #core: ReadonlySet<number>;
  readonly #options: TraceOptions;

  constructor(judged: Judged, core: ReadonlySet<number>, options: TraceOptions) {
    this.judged = judged;
    this.verdicts = judged.rules.map(({ flow }) => JSON.stringify(verdictOf(flow, options)));
    this.#core = core;
    this.#options = options;
  }

  /** A rule that the edit touched is a decider of its own; others are one for each verdict. */
  nameOf(at: number): string {
    return this.#core.has(at) ? (this.verdicts[at] ?? "") : String(at);
  }

  describe(places: ReadonlySet<number>): Deciders {
    const rules = [...places].sort((a, b) => a - b).flatMap((at) => this.judged.rules[at] ?? []);
    const [first] = rules;
    return {
      verdict: first ? verdictOf(first.flow, this.#options) : UNDECIDED.verdict,
      by: rules.slice(0, MOST_NAMED).map(nameOf),
      others: Math.max(0, rules.length - MOST_NAMED),
    };
  }
}

/** Equal for rules that do the same to the same packets in a flow of the same name. */
function keyOf({ flow, rule, ignores, boxes }: JudgingRule): string {
  const conditions = rule === null ? boxes : flow.rules[rule]?.conditions;
  return JSON.stringify([flow.name, flow.policy, rule === null, ignores, conditions]);
}

/** Places of a common subsequence, a long one: equal texts are paired in order, and of the pairs the longest rise is kept. */
function commonSubsequence(
  left: readonly string[],
  right: readonly string[],
): { inLeft: Set<number>; inRight: Set<number> } {
  const places = new Map<string, number[]>();
  for (const [at, key] of right.entries()) places.set(key, [...(places.get(key) ?? []), at]);
  const pairs = left.flatMap((key, at) => {
    const other = places.get(key)?.shift();
    return other === undefined ? [] : [{ left: at, right: other }];
  });
  const kept = longestRise(pairs.map((pair) => pair.right)).flatMap((at) => pairs[at] ?? []);
  return { inLeft: new Set(kept.map((pair) => pair.left)), inRight: new Set(kept.map((pair) => pair.right)) };
}

/** Indices of the longest subsequence that rises (patience sorting). */
function longestRise(numbers: readonly number[]): number[] {
  /** For each length the index of the smallest number that ends such a subsequence. */
  const ends: number[] = [];
  const before: number[] = [];
  for (const [at, number] of numbers.entries()) {
    let [first, behind] = [0, ends.length];
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if ((numbers[ends[middle] ?? 0] ?? 0) < number) first = middle + 1;
      else behind = middle;
    }
    before[at] = ends[first - 1] ?? -1;
    ends[first] = at;
  }
  const rise: number[] = [];
  for (let at = ends.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) rise.push(at);
  return rise.reverse();
}

/** Who gives a verdict, before an edit and after it, so that changes of one kind are told together. */
import type { Aligned } from "./differing.ts";
import { nameOf, type RuleName } from "./space/rules.ts";
import { type TraceOptions, UNDECIDED, type Verdict, verdictKey, verdictOf } from "./walk.ts";

/**
 * Who gives a verdict: every rule that the edit touched by itself, all others together; where it touched a great many,
 * these too.
 */
export type Deciders = {
  verdict: Verdict;
  /** The first few in the order of the config; empty where no flow decides. */
  by: RuleName[];
  /** How many more there are. */
  others: number;
};

/** Places of the rules that decided, and of those that do. */
type Kind = { was: Set<number>; is: Set<number> };

/** The kinds of change, numbered from 1. */
export class Kinds {
  readonly #kinds: Kind[] = [];
  readonly #byPair = new Map<number, number>();
  readonly #byName = new Map<string, number>();
  readonly #old: Side;
  readonly #next: Side;

  constructor(old: Aligned, next: Aligned, options: TraceOptions) {
    this.#old = new Side(old, options);
    this.#next = new Side(next, options);
  }

  /** The number of the kind of packets that terminal `a` decided and `b` does; 0 where the verdicts are the same. */
  of(a: number, b: number): number {
    const key = a * 2 ** 26 + b;
    const known = this.#byPair.get(key);
    if (known !== undefined) return known;
    const number = this.#find(this.#old.placeOf(a), this.#next.placeOf(b));
    this.#byPair.set(key, number);
    return number;
  }

  #find(was: number, is: number): number {
    if (this.#old.verdictAt(was) === this.#next.verdictAt(is)) return 0;
    const name = `${this.#old.nameOf(was)} ${this.#next.nameOf(is)}`;
    const number = this.#byName.get(name) ?? this.#kinds.push({ was: new Set(), is: new Set() });
    this.#byName.set(name, number);
    this.#kinds[number - 1]?.was.add(was);
    this.#kinds[number - 1]?.is.add(is);
    return number;
  }

  /** Who decided, and who does. */
  describe(number: number): { was: Deciders; is: Deciders } {
    const kind = this.#kinds[number - 1];
    return {
      was: this.#old.describe(kind?.was ?? new Set()),
      is: this.#next.describe(kind?.is ?? new Set()),
    };
  }
}

/** With more touched rules, nobody reads of each by itself. */
const MOST_BY_THEMSELVES = 200;
/** Most rules named beside a change. */
const MOST_NAMED = 5;

/** One of the two configs: verdicts by place. */
class Side {
  readonly #aligned: Aligned;
  readonly #verdicts: readonly string[];
  readonly #options: TraceOptions;
  readonly #byItself: (at: number) => boolean;

  constructor(aligned: Aligned, options: TraceOptions) {
    this.#aligned = aligned;
    this.#verdicts = aligned.judged.rules.map(({ flow }) => verdictKey(flow, options));
    this.#options = options;
    const touched = aligned.judged.rules.filter((_, at) => aligned.isTouched(at));
    this.#byItself = touched.length > MOST_BY_THEMSELVES ? () => false : (at) => aligned.isTouched(at);
  }

  /** The place of the rule with a terminal's number, -1 for that of no rule. */
  placeOf(number: number): number {
    return number === 0 ? -1 : number - this.#aligned.judged.base;
  }

  verdictAt(at: number): string {
    return this.#verdicts[at] ?? "undecided";
  }

  /** A rule that the edit touched is a decider of its own; others are one for each verdict. */
  nameOf(at: number): string {
    return this.#byItself(at) ? String(at) : this.verdictAt(at);
  }

  describe(places: ReadonlySet<number>): Deciders {
    const rules = [...places].sort((a, b) => a - b).flatMap((at) => this.#aligned.judged.rules[at] ?? []);
    const [first] = rules;
    return {
      verdict: first ? verdictOf(first.flow, this.#options) : UNDECIDED.verdict,
      by: rules.slice(0, MOST_NAMED).map(nameOf),
      others: Math.max(0, rules.length - MOST_NAMED),
    };
  }
}

/** What a stretch of rules does to packets, as numbers for a diagram's terminals. */

/** `on`: the packet goes on behind the stretch; `return`: it leaves the chain. */
export type Outcome = {
  end: "on" | "return" | "accept" | "drop";
  /** What becomes of its mark: the bits of `keep` stay, those of `xor` are turned over. Of what is dropped, nothing. */
  keep: number;
  xor: number;
};

const ALL_BITS = 0xffff_ffff;

/** Untouched, and going on: number 0, a diagram's NONE. */
export const UNTOUCHED: Outcome = { end: "on", keep: ALL_BITS, xor: 0 };

/** The mark behind an outcome. */
export const marked = (mark: number, { keep, xor }: Pick<Outcome, "keep" | "xor">): number =>
  ((mark & keep) ^ xor) >>> 0;

/** Gives each outcome a number. */
export class Outcomes {
  readonly #all: Outcome[] = [UNTOUCHED];
  readonly #numbers = new Map([[keyOf(UNTOUCHED), 0]]);

  numberOf(outcome: Outcome): number {
    const asked = outcome.end === "drop" ? { ...UNTOUCHED, end: outcome.end } : outcome;
    const key = keyOf(asked);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#all.length);
    return this.#all.push(asked) - 1;
  }

  at(number: number): Outcome {
    return this.#all[number] ?? UNTOUCHED;
  }

  /** One behind the other: what goes on from the first meets the second. */
  chained(first: number, second: number): number {
    const [a, b] = [this.at(first), this.at(second)];
    if (a.end !== "on") return first;
    const xor = marked(a.xor, b);
    return this.numberOf({ end: b.end, keep: (a.keep & b.keep) >>> 0, xor });
  }

  /** What ends one way, ending the other: a chain's RETURN is its caller's "on". */
  turned(number: number, from: Outcome["end"], to: Outcome["end"]): number {
    const outcome = this.at(number);
    return outcome.end === from ? this.numberOf({ ...outcome, end: to }) : number;
  }
}

const keyOf = ({ end, keep, xor }: Outcome) => `${end} ${keep} ${xor}`;

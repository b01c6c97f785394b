/**
 * What was worked out for the last config, by name: an edit leaves most of it. It is taken again only where it is what
 * would be worked out anew, so no program depends on those before it; what is equal is then the same value, which who
 * compares programs sees at once.
 */
export class Kept<Value> {
  readonly #values = new Map<string, { value: Value; turn: number }>();
  #turn = 0;
  #asked = 0;

  /** The value of a name: what it was before, when `make` gives that back. */
  take(name: string, make: (before: Value | undefined) => Value): Value {
    const before = this.#values.get(name);
    this.#asked += 1;
    if (before) {
      before.value = make(before.value);
      before.turn = this.#turn;
      return before.value;
    }
    const value = make(undefined);
    this.#values.set(name, { value, turn: this.#turn });
    return value;
  }

  /** A config is done: where it did not ask for many, these are let go. */
  turn(): void {
    if (this.#values.size > MOST_UNASKED * this.#asked) {
      for (const [name, { turn }] of this.#values) if (turn !== this.#turn) this.#values.delete(name);
    }
    this.#turn += 1;
    this.#asked = 0;
  }
}

/** Of what a config asks for, so much may be kept: an edit and its undo ask for the same. */
const MOST_UNASKED = 1.25;

/** Do two lists hold the same values? */
export function sameValues<T>(one: readonly T[], other: readonly T[]): boolean {
  return one === other || (one.length === other.length && one.every((value, at) => value === other[at]));
}

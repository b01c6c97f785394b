/**
 * What was worked out for the last config, by name: an edit leaves most of it. It is taken again only where it is what
 * would be worked out anew, so no program depends on those before it; what is equal is then the same value, which who
 * compares programs sees at once.
 */
export class Kept<Value> {
  #before: ReadonlyMap<string, Value> = new Map();
  #now = new Map<string, Value>();

  /** The value of a name: what it was before, when `make` gives that back. */
  take(name: string, make: (before: Value | undefined) => Value): Value {
    const value = make(this.#before.get(name));
    this.#now.set(name, value);
    return value;
  }

  /** A config is done: what it did not ask for is let go. */
  turn(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }
}

/** Do two lists hold the same values? */
export function sameValues<T>(one: readonly T[], other: readonly T[]): boolean {
  return one === other || (one.length === other.length && one.every((value, at) => value === other[at]));
}

/** Which configs the worker keeps, seen from this side. */
import type { Config, Item } from "@flowmgr/flow-model";
import type { ToWorker } from "./messages.ts";

/** Configs that the worker keeps: the draft and its last few states, what is in force, and a text or two. */
const MOST_CONFIGS = 6;

/** Numbers of configs, the same for the life of each. */
const numbers = new WeakMap<Config, number>();
let lastNumber = 0;

/** The number of a config; another one for a config that says the same. */
export function numberOf(config: Config): number {
  const number = numbers.get(config) ?? ++lastNumber;
  numbers.set(config, number);
  return number;
}

export class Shelf {
  /** By number, the one that was asked about last at the end. */
  readonly #kept = new Map<number, Config>();
  #items = new Map<Item, number>();
  #lastItem = 0;

  /** What to tell the worker, in order, before it is asked about these configs. */
  lessons(configs: readonly Config[]): ToWorker[] {
    const messages = configs.flatMap((config) => this.#lesson(config));
    const forgotten = messages.length === 0 ? null : this.#forget();
    return forgotten ? [...messages, forgotten] : messages;
  }

  #lesson(config: Config): ToWorker[] {
    const number = numberOf(config);
    const known = this.#kept.delete(number);
    this.#kept.set(number, config);
    if (known) return [];
    const fresh: [number, Item][] = [];
    const items = config.items.map((item) => {
      const itemNumber = this.#items.get(item) ?? ++this.#lastItem;
      if (!this.#items.has(item)) fresh.push([itemNumber, item]);
      this.#items.set(item, itemNumber);
      return itemNumber;
    });
    return [{ do: "learn", config: number, items, fresh, comment: config.comment }];
  }

  /** Forgets the configs that nobody has asked about for longest, and the items that no other one has. */
  #forget(): ToWorker | null {
    const old = [...this.#kept.keys()].slice(0, -MOST_CONFIGS);
    if (old.length === 0) return null;
    for (const number of old) this.#kept.delete(number);
    const used = new Set([...this.#kept.values()].flatMap((config) => config.items));
    const unused = [...this.#items].filter(([item]) => !used.has(item));
    for (const [item] of unused) this.#items.delete(item);
    return { do: "forget", configs: old, items: unused.map(([, number]) => number) };
  }
}

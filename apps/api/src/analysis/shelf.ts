/** Which configs and pieces of programs the worker keeps, seen from this side. */
import type { Piece, ProgramText } from "@flowmgr/flow-analysis/program";
import type { Config, Item } from "@flowmgr/flow-model";
import type { Numbered, ToWorker } from "./messages.ts";

/** Configs that the worker keeps: the draft and its last few states, what is in force, and a text or two. */
const MOST_CONFIGS = 6;

/** Numbers of configs and texts, the same for the life of each. */
const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** The number of a value; another one for a value that says the same. */
export function numberOf(value: object): number {
  const number = numbers.get(value) ?? ++lastNumber;
  numbers.set(value, number);
  return number;
}

export class Shelf {
  /**
   * Items of each config by its number, the one that was asked about last at the end. Not the config itself: by that
   * programs and more are kept, megabytes of what nobody asks for again.
   */
  readonly #kept = new Map<number, readonly Item[]>();
  #items = new Map<Item, number>();
  #lastItem = 0;
  #pieces = new Map<Piece, number>();
  #lastPiece = 0;

  /** What to tell the worker, in order, before it is asked about these configs. */
  lessons(configs: readonly Config[]): ToWorker[] {
    const messages = configs.flatMap((config) => this.#lesson(config));
    const forgotten = messages.length === 0 ? null : this.#forget();
    return forgotten ? [...messages, forgotten] : messages;
  }

  #lesson(config: Config): ToWorker[] {
    const number = numberOf(config);
    const known = this.#kept.delete(number);
    this.#kept.set(number, config.items);
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

  /** Gives the form in which the texts of one program are told; of the one before nothing is kept but what both have. */
  program(): (text: ProgramText["text"]) => Numbered {
    const before = this.#pieces;
    const kept = new Map<Piece, number>();
    this.#pieces = kept;
    return (text) => {
      const fresh: [number, string][] = [];
      const pieces = (typeof text === "string" ? [{ text }] : text).map((piece) => {
        const known = kept.get(piece) ?? before.get(piece);
        const number = known ?? ++this.#lastPiece;
        if (known === undefined) fresh.push([number, piece.text]);
        kept.set(piece, number);
        return number;
      });
      return { pieces, fresh };
    };
  }

  /** Forgets the configs that nobody has asked about for longest, and the items that no other one has. */
  #forget(): ToWorker | null {
    const old = [...this.#kept.keys()].slice(0, -MOST_CONFIGS);
    if (old.length === 0) return null;
    for (const number of old) this.#kept.delete(number);
    const used = new Set([...this.#kept.values()].flat());
    const unused = [...this.#items].filter(([item]) => !used.has(item));
    for (const [item] of unused) this.#items.delete(item);
    return { do: "forget", configs: old, items: unused.map(([, number]) => number) };
  }
}

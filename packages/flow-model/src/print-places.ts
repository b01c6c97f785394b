/** Where each part of a printed config stands, and the proof that what was printed says the same. */
import type { Places, Span } from "./diagnostic.ts";
import { parse } from "./parser.ts";
import { canonicalItem, partsOf } from "./printer.ts";
import type { Config, Item } from "./schema.ts";
import { saysTheSame } from "./sharing.ts";

/**
 * `print`, and where each part of the config stands in the text. Each item's text is parsed; what came back is compared
 * with what was printed, comments too, and a difference throws. An item that has been through it is not asked again.
 */
export function printWithPlaces(config: Config): { text: string; places: Places } {
  const parts = partsOf(config);
  for (const [index, item] of config.items.entries()) prove(item, parts[index] ?? "");
  return { text: parts.join("\n"), places: new PrintedPlaces(parts) };
}

/** Items whose text reads back as the item. Items are values, and begin with a word that can stand in no other. */
const proven = new WeakSet<Item>();

function prove(item: Item, text: string): void {
  if (proven.has(item)) return;
  if (!saysTheSame(parse(text).config, { items: [canonicalItem(item)], comment: [] }))
    throw new Error("the printed config does not read back the same");
  proven.add(item);
}

/** Few ask where something stands, and those of few items: such an item is read when somebody asks. */
class PrintedPlaces implements Places {
  readonly #parts: readonly string[];
  /** Lines above each part. */
  #above: number[] | null = null;
  /** The part that was asked about last: questions come in its order. */
  #read: { part: number; places: Places } | null = null;

  constructor(parts: readonly string[]) {
    this.#parts = parts;
  }

  get(pointer: string): Span | undefined {
    const item = /^\/items\/(\d+)(?=\/|$)/.exec(pointer);
    const part = item ? Number(item[1]) : this.#parts.length - 1;
    const span = this.#placesOf(part).get(item ? `/items/0${pointer.slice(item[0].length)}` : pointer);
    if (!span) return undefined;
    this.#above ??= linesAbove(this.#parts);
    const above = this.#above[part] ?? 0;
    return { ...span, line: span.line + above, endLine: span.endLine + above };
  }

  #placesOf(part: number): Places {
    if (this.#read?.part !== part) this.#read = { part, places: parse(this.#parts[part] ?? "").places };
    return this.#read.places;
  }
}

function linesAbove(parts: readonly string[]): number[] {
  let above = 0;
  return parts.map((part) => {
    const first = above;
    for (let end = part.indexOf("\n"); end !== -1; end = part.indexOf("\n", end + 1)) above += 1;
    above += 1;
    return first;
  });
}

/** Edits of the config made in its text: what they do not touch stays as it was typed. */
import {
  type Config,
  type Edit,
  editAll,
  type Flow,
  type Item,
  type Places,
  parse,
  print,
  printRule,
} from "@flowmgr/flow-model";

/** The text with the edits made; null where they cannot be. Cut into items and rules that are put together anew. */
export function editText(text: string, edits: readonly Edit[]): string | null {
  const { config, places } = parse(text);
  const edited = editAll(config, edits);
  if ("error" in edited) return null;
  const joined = rejoined(text, config, edited.config, places);
  // Whatever was typed between the items, what it means is the outcome of the edits; else it is printed anew.
  return print(parse(joined).config) === print(edited.config) ? joined : print(edited.config);
}

function rejoined(text: string, before: Config, after: Config, places: Places): string {
  const cut = new Cut(text, places);
  const { pieces: items, end } = cut.pieces(
    before.items.map((_, index) => `/items/${index}`),
    0,
  );
  const known = new Map(before.items.map((item, index) => [item, index]));
  let whole = "";
  for (const item of after.items) {
    const index = known.get(item);
    const piece = index === undefined ? changed(item, before, items, cut) : items[index];
    const part = piece ?? `\n${printed(item)}`;
    whole += whole === "" ? part.replace(/^\n+/, "") : /^[^\S\n]*\n/.test(part) ? part : `\n${part}`;
  }
  return whole + text.slice(end);
}

/** A flow of which only the rules changed: its head and its rules as they were typed. */
function changed(item: Item, { items }: Config, pieces: readonly string[], cut: Cut): string | undefined {
  if (!isFlow(item)) return undefined;
  const index = items.findIndex((other) => isFlow(other) && other.name === item.name);
  const old = items[index];
  const piece = pieces[index];
  if (!old || !isFlow(old) || piece === undefined) return undefined;
  if (JSON.stringify({ ...old, rules: [] }) !== JSON.stringify({ ...item, rules: [] })) return undefined;
  const head = cut.headOf(index, old, piece);
  const { pieces: rules } = cut.pieces(
    old.rules.map((_, rule) => `/items/${index}/rules/${rule}`),
    head.end,
  );
  const known = new Map(old.rules.map((rule, at) => [rule, at]));
  let whole = head.text;
  for (const rule of item.rules) {
    const part = rules[known.get(rule) ?? -1] ?? `\n${printRule(rule).trimEnd()}`;
    const commented = (whole.split("\n").at(-1) ?? "").includes("#");
    whole += commented && !/^[^\S\n]*\n/.test(part) ? `\n${part}` : part;
  }
  return whole;
}

/** A text that is cut behind items and rules; what stands before one (comments, blank lines) goes with it. */
class Cut {
  readonly #text: string;
  readonly #places: Places;
  readonly #lines: number[] = [0];

  constructor(text: string, places: Places) {
    this.#text = text;
    this.#places = places;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lines.push(at + 1);
  }

  /** One piece for each path, the first from `from` on, and where the last one ends. */
  pieces(paths: readonly string[], from: number): { pieces: string[]; end: number } {
    let end = from;
    const pieces = paths.map((path) => {
      const start = end;
      end = this.#behind(path, start);
      return this.#text.slice(start, end);
    });
    return { pieces, end };
  }

  /** From the beginning of a flow's piece to its first rule. */
  headOf(index: number, { rules }: Flow, piece: string): { text: string; end: number } {
    const end = this.#behind(`/items/${index}`, 0);
    const start = end - piece.length;
    if (rules.length === 0) return { text: piece, end };
    const path = `/items/${index}/rules/0`;
    const first = this.#places.get(`${path}/comment/0`) ?? this.#places.get(path);
    const stop = first ? this.#offset(first.line, first.column) : end;
    const text = this.#text.slice(start, stop).trimEnd();
    return { text, end: start + text.length };
  }

  /** Behind the last word of a place and the comment on its line. */
  #behind(path: string, start: number): number {
    const span = this.#places.get(path);
    if (!span) return start;
    const end = this.#offset(span.endLine, span.endColumn);
    const line = this.#text.slice(end, (this.#lines[span.endLine] ?? this.#text.length + 1) - 1);
    return /^\s*#/.test(line) ? end + line.trimEnd().length : end;
  }

  #offset(line: number, column: number): number {
    return (this.#lines[line - 1] ?? 0) + column - 1;
  }
}

function isFlow(item: Item): item is Flow {
  return item.kind === "flow" || item.kind === "outflow";
}

function printed(item: Item): string {
  return print({ items: [item], comment: [] }).trimEnd();
}

/** How far a flow reaches, that may begin at a word of a text: its grammar, without judging values. */
import { ITEM_WORDS, isKind, KEYWORDS } from "../keywords.ts";
import { parseName } from "../names.ts";
import type { Word } from "./page-words-in-text.ts";

export type Extent = {
  /** Index of the first word that does not belong to it. */
  end: number;
  named: boolean;
  policy: boolean;
  rules: number;
  /** Conditions of all rules, and of the last one alone. */
  conditions: number;
  inLastRule: number;
  /** Line on which the last rule begins; that of the flow when it has none. */
  lastRuleLine: number;
  /** True when something that has to follow is missing. */
  broken: boolean;
};

const PUNCTUATION: ReadonlySet<string> = new Set(["{", "}", ",", "|"]);

/** The flow that would begin at `words[at]`, which is `flow` or `outflow`. */
export function extentOf(words: readonly Word[], at: number): Extent {
  const reader = new Reader(words, at);
  reader.readName();
  reader.readPolicy();
  while (reader.readRule());
  return reader.extent;
}

/**
 * The end of the `list NAME { ... }` that begins at a word, or of what was begun: no list reaches past another brace
 * or item. Null where no list begins, or the text ends in it.
 */
export function listEnd(words: readonly Word[], at: number): number | null {
  if (words[at]?.text !== "list" || words[at + 2]?.text !== "{") return null;
  for (let end = at + 3; end < words.length; end += 1) {
    const text = words[end]?.text ?? "";
    if (ITEM_WORDS.has(text)) return end;
    if (text === "}" || text === "{") return end + 1;
  }
  return null;
}

class Reader {
  readonly extent: Extent;
  readonly #words: readonly Word[];

  constructor(words: readonly Word[], at: number) {
    this.#words = words;
    this.extent = {
      end: at + 1,
      named: false,
      policy: false,
      rules: 0,
      conditions: 0,
      inLastRule: 0,
      lastRuleLine: words[at]?.line ?? 0,
      broken: false,
    };
  }

  /** The next word, unless a sentence ended before it. */
  get #next(): string {
    const { end } = this.extent;
    return this.#words[end - 1]?.ends ? "" : (this.#words[end]?.text ?? "");
  }

  #take(): void {
    this.extent.end += 1;
  }

  readName(): void {
    this.extent.named = "ok" in parseName(this.#next);
    if (this.extent.named) this.#take();
  }

  readPolicy(): void {
    const { extent } = this;
    if (!extent.named) return;
    if (this.#next === "skip") {
      extent.policy = true;
      this.#take();
    }
    const action = this.#next;
    if (action === "permit" || action === "deny") this.#take();
    else if (action === "director" || action === "table") {
      this.#take();
      extent.broken = !this.#takeValue();
    } else return;
    extent.policy = true;
  }

  readRule(): boolean {
    const { extent } = this;
    if (!extent.named || extent.broken) return false;
    const line = this.#words[extent.end]?.line ?? 0;
    if (this.#next === "off") this.#take();
    if (this.#next !== "match" && this.#next !== "ignore") return false;
    this.#take();
    extent.rules += 1;
    extent.inLastRule = 0;
    extent.lastRuleLine = line;
    while (this.#readCondition());
    return !extent.broken;
  }

  #readCondition(): boolean {
    const { extent } = this;
    const negated = this.#next === "not";
    if (negated) this.#take();
    const kind = this.#next;
    if (!isKind(kind)) {
      extent.broken ||= negated;
      return false;
    }
    this.#take();
    extent.conditions += 1;
    extent.inLastRule += 1;
    extent.broken = !(this.#next === "{" ? this.#takeList() : this.#takeValue(kind === "iface"));
    return !extent.broken;
  }

  /** Of the values only an interface may be a keyword. */
  #takeValue(keyword = false): boolean {
    const value = this.#next;
    if (value === "" || PUNCTUATION.has(value) || (!keyword && KEYWORDS.has(value))) return false;
    this.#take();
    return true;
  }

  #takeList(): boolean {
    for (;;) {
      const value = this.#next;
      if (value === "" || value === "|" || ITEM_WORDS.has(value)) return false;
      this.#take();
      if (value === "}") return true;
    }
  }
}

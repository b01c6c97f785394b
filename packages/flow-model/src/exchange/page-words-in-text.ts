/**
 * The words of a text that was taken from a web page, where flows stand amid prose. What a browser or crawler puts
 * around them is made into spaces of the same length, so that places stay: quotes, backticks, typographic dashes.
 */

export type Word = {
  text: string;
  /** From 1. */
  line: number;
  /** Where it begins and ends in `PageText.text`. */
  start: number;
  end: number;
  /** True when a full stop or bracket stood behind it: a sentence ends here, and a flow too. */
  ends: boolean;
};

export type PageText = {
  /** As given, without characters that nobody sees; lines end with LF. */
  raw: string;
  /** The same, character by character, as the parser can read it. */
  text: string;
  words: Word[];
  /** Where each line begins. */
  lines: number[];
};

/** Zero-width spaces and joiners, byte order marks, soft hyphens. */
const UNSEEN = /[\u00ad\u200b-\u200f\u2060\ufeff]/g;
const DASHES = /[\u2010-\u2015\u2212]/g;
const QUOTES = /["'`\u00ab\u00bb\u2018-\u201f\u2039\u203a]/g;
/** Crawlers glue paragraphs together: `processing.flow mail director ...` */
const WORD = /[{},|]|[^\s{},|]+[.:;!?)](?=(?:out)?flow\s)|[^\s{},|]+/g;
/** What ends a sentence, and brackets around an example. */
const BEHIND: ReadonlySet<string> = new Set(".;)!?");
const BEFORE = /^\(+/;

/** Reads the words outside comments; a `|` (the border of a table's cell) is one. */
export function readPageText(given: string): PageText {
  const raw = given.replace(UNSEEN, "").replace(/\r\n?/g, "\n");
  const words: Word[] = [];
  const lines: number[] = [];
  const text: string[] = [];
  let start = 0;
  for (const [index, whole] of raw.split("\n").entries()) {
    lines.push(start);
    const hash = whole.indexOf("#");
    const code = (hash < 0 ? whole : whole.slice(0, hash)).replace(DASHES, "-").replace(QUOTES, " ");
    // By UTF-16 unit, as places count.
    const cleared = code.split("");
    for (const found of code.matchAll(WORD)) {
      const at = found.index + (BEFORE.exec(found[0])?.[0].length ?? 0);
      const word = withoutEnd(found[0].replace(BEFORE, ""));
      const end = found.index + found[0].length;
      const ends = at + word.length < end;
      if (word !== "") {
        words.push({ text: word, line: index + 1, start: start + at, end: start + at + word.length, ends });
        blank(cleared, found.index, at);
        blank(cleared, at + word.length, end);
      }
    }
    text.push(cleared.join("") + (hash < 0 ? "" : whole.slice(hash)));
    start += whole.length + 1;
  }
  return { raw, text: text.join("\n"), words, lines };
}

/** A loop, because `[.;)!?]+$` would begin anew at each of a million full stops. */
function withoutEnd(word: string): string {
  let end = word.length;
  while (BEHIND.has(word[end - 1] ?? "")) end -= 1;
  return word.slice(0, end);
}

function blank(characters: string[], from: number, to: number): void {
  characters.fill(" ", from, to);
}

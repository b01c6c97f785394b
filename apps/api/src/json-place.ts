/** Where a text stops being JSON. JSON.parse tells it only sometimes. */

// A string is plain characters, then escapes each followed by plain characters: said so, it matches in one way
// only, and a text that never closes its quote costs no more than its length.
const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("[ -!#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ -!#-[\]-\uffff]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

type Wanted = "value" | "value or ]" | "key" | "key or }" | ":" | ", or end" | "end";

const BLANK = /[ \t\r\n]*/y;

/**
 * Offset of the first thing that cannot stand where it stands; the length of the text when it breaks off, or when
 * nothing is wrong.
 */
export function jsonErrorOffset(text: string): number {
  const open: ("]" | "}")[] = [];
  let wanted: Wanted = "value";
  let at = 0;
  for (;;) {
    BLANK.lastIndex = at;
    BLANK.exec(text);
    const start = BLANK.lastIndex;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    if (!token) return start;
    const next = follow(token, wanted, open);
    if (!next) return start;
    wanted = next;
    at = TOKEN.lastIndex;
  }
}

/** What is wanted after this token, or null when it may not stand here. */
function follow(token: RegExpExecArray, wanted: Wanted, open: ("]" | "}")[]): Wanted | null {
  const [, mark, string] = token;
  const behind = (): Wanted => (open.length > 0 ? ", or end" : "end");
  if (mark === "]" || mark === "}") {
    if (open.at(-1) !== mark || (wanted !== ", or end" && !wanted.endsWith(`or ${mark}`))) return null;
    open.pop();
    return behind();
  }
  if (wanted === ":") return mark === ":" ? "value" : null;
  if (wanted === ", or end") {
    if (mark !== ",") return null;
    return open.at(-1) === "]" ? "value" : "key";
  }
  if (wanted.startsWith("key")) return string === undefined ? null : ":";
  if (!wanted.startsWith("value")) return null;
  if (mark === undefined) return behind();
  if (mark !== "[" && mark !== "{") return null;
  open.push(mark === "[" ? "]" : "}");
  return mark === "[" ? "value or ]" : "key or }";
}

export type Survey = {
  /** How many fields the text names. */
  fields: number;
  /** Not fewer than there are values in it. */
  values: number;
  /** Offset at which it first nests deeper than was asked; null when it does not. */
  tooDeep: number | null;
};

/** Looks over JSON, or anything else, in one pass without recursion. */
export function survey(text: string, deepest: number): Survey {
  let depth = 0;
  const seen: Survey = { fields: 0, values: 1, tooDeep: null };
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    if (mark === '"') at = endOfString(text, at);
    else if (mark === ":") seen.fields += 1;
    else if (mark === ",") seen.values += 1;
    else if (mark === "]" || mark === "}") depth -= 1;
    else if (mark === "[" || mark === "{") {
      seen.values += 1;
      depth += 1;
      if (depth > deepest) return { ...seen, tooDeep: at };
    }
  }
  return seen;
}

/** Offset of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

/** Offset of the first field that its object has named before. The text is JSON. */
export function repeatedField(text: string): number | null {
  /** Names of each open object; null for a list. */
  const open: (Set<string> | null)[] = [];
  let atKey = false;
  TOKEN.lastIndex = 0;
  for (let token = TOKEN.exec(text); token; token = TOKEN.exec(text)) {
    const [, mark, string] = token;
    if (mark === "{" || mark === "[") open.push(mark === "{" ? new Set() : null);
    if (mark === "}" || mark === "]") open.pop();
    const names = open.at(-1);
    if (atKey && names && string !== undefined) {
      const name = String(JSON.parse(string));
      if (names.has(name)) return TOKEN.lastIndex - string.length;
      names.add(name);
    }
    atKey = mark === "{" || mark === ",";
  }
  return null;
}

/** Line and column of an offset, counted from 1, columns in UTF-16 units; LF and CRLF end lines. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - start + 1 };
}

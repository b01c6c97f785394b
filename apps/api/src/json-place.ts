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

/** Line and column of an offset, counted from 1, columns in UTF-16 units; LF and CRLF end lines. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - start + 1 };
}

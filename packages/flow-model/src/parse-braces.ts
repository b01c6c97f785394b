/** A list in braces: `"{" VALUE { [ "," ] VALUE } "}"`. */
import { type Cursor, isWord } from "./cursor.ts";
import { KEYWORDS, KIND_WORDS } from "./keywords.ts";

type BracesOptions = {
  /** Where the list and its values are placed; null: they are not. */
  where: string | null;
  /** A word of the language may be a value; it is one where a comma or brace stands beside it. */
  keywords?: boolean;
};

/**
 * Reads the list that begins with the next token. A list that nobody closed ends where the next keyword stands, and
 * one that nobody opened (complained of already) begins there and then: one slip costs one diagnostic.
 */
export function parseBraces(cursor: Cursor, { where, keywords = false }: BracesOptions): string[] {
  const values: string[] = [];
  const first = cursor.token;
  const opened = first.text === "{";
  if (opened) cursor.take();
  let depth = 1;
  /** What stands before the next token. */
  let before = "{";
  while (depth > 0 && !cursor.atEnd) {
    const { text } = cursor.token;
    if (text === "{") {
      depth += 1;
      if (depth === 2) complainOfNesting(cursor);
    } else if (text === "}") {
      depth -= 1;
      if (before === ",") complainOfComma(cursor, true);
    } else if (text === ",") {
      if (before === "{" || before === ",") complainOfComma(cursor, false);
    } else if (text === "not" && !(keywords && isAlone(cursor, before))) {
      // `{ eth0 not src ...`: nobody closed the list, and the next condition begins.
      if (KIND_WORDS.has(cursor.peek().text)) break;
      complainOfNot(cursor);
    } else if (KEYWORDS.has(text) && !(keywords && isSetOff(cursor, before))) break;
    else {
      if (where !== null) cursor.place(`${where}/${values.length}`, cursor.token, cursor.token);
      values.push(text);
    }
    before = cursor.take().text;
  }
  if (depth > 0 && opened) {
    cursor.complain("missing-brace", "a } is missing", "a list in braces ends with }");
  }
  if (where !== null && (opened || values.length > 0)) cursor.place(where, first);
  return values;
}

/** Does a comma or a brace stand before or behind the next token? */
function isSetOff(cursor: Cursor, before: string): boolean {
  return isSeparator(before) || !isWord(cursor.peek());
}

/** On both sides: `{ not, eth0 }` names an interface, `{ not eth0 }` was to negate one. */
function isAlone(cursor: Cursor, before: string): boolean {
  return isSeparator(before) && !isWord(cursor.peek());
}

const isSeparator = (text: string) => text === "{" || text === ",";

function complainOfNesting(cursor: Cursor): void {
  const help = "write the values without inner braces, or give them a name: list office { 10.0.0.0/8 }";
  cursor.complain("nested-list", "a list in braces cannot hold another", help);
}

function complainOfComma(cursor: Cursor, isLast: boolean): void {
  const message = "a comma stands between two values";
  cursor.complain("misplaced-comma", message, "leave it out", isLast ? cursor.last : null);
}

function complainOfNot(cursor: Cursor): void {
  const help =
    "not stands before the condition and negates its whole list: not src { 10.0.0.0/8, 172.16.0.1 }";
  cursor.complain("misplaced-word", '"not" cannot stand in a list', help);
}

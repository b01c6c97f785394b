/**
 * Text -> tokens, each with its place and the comments around it. White space separates tokens and a line end is
 * white space; `{`, `}` and `,` are tokens by themselves wherever they stand; `#` begins a comment up to the end of
 * its line. Nothing is an error here: a word is whatever stands between separators.
 *
 * Tokens are given one at a time: five megabytes of `{` would otherwise be five million objects at once.
 */
import type { Span } from "./diagnostic.ts";

type Comment = { text: string; span: Span };

export type Token = {
  /** The word as written; "" at the end of the text. */
  text: string;
  /** Counts from 1; columns in UTF-16 units, a tab is one. A token never crosses a line end. */
  line: number;
  column: number;
  /** Exclusive. */
  endColumn: number;
  /** Comment lines between the token before and this one. */
  above: readonly Comment[];
  /** The comment behind it on its own line. */
  behind: Comment | null;
};

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const HASH = 0x23;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const NONE: readonly Comment[] = [];

export class Lexer {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token; at the end of the text again and again the one with the text "". */
  next(): Token {
    const above = this.#skipToWord();
    const start = this.#at;
    const column = start - this.#lineStart + 1;
    const line = this.#line;
    this.#skipWord();
    const text = this.#text.slice(start, this.#at);
    const endColumn = column + text.length;
    return {
      text,
      line,
      column,
      endColumn,
      above,
      behind: text === "" ? null : this.#commentBehind(),
    };
  }

  /** Skips white space and whole comment lines, and gives the comments. */
  #skipToWord(): readonly Comment[] {
    let comments: Comment[] | null = null;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === LF) this.#lineEnd();
      else if (code === HASH) {
        comments ??= [];
        comments.push(this.#comment());
      } else if (isSpace(code)) this.#at += 1;
      else return comments ?? NONE;
    }
  }

  #skipWord(): void {
    const text = this.#text;
    let at = this.#at;
    let code = text.charCodeAt(at);
    if (code === OPEN || code === CLOSE || code === COMMA) at += 1;
    else {
      while (at < text.length && !separates(code)) {
        at += 1;
        code = text.charCodeAt(at);
      }
    }
    this.#at = at;
  }

  #commentBehind(): Comment | null {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === HASH) return this.#comment();
      if (code === LF || !isSpace(code)) return null;
      this.#at += 1;
    }
  }

  /** From `#` to the end of the line; the text without `#` and one space behind it. */
  #comment(): Comment {
    const text = this.#text;
    const lineFeed = text.indexOf("\n", this.#at);
    let end = lineFeed < 0 ? text.length : lineFeed;
    if (text.charCodeAt(end - 1) === CR) end -= 1;
    const from = this.#at + (text.charCodeAt(this.#at + 1) === SPACE ? 2 : 1);
    const column = this.#at - this.#lineStart + 1;
    const endColumn = end - this.#lineStart + 1;
    const span = { line: this.#line, column, endLine: this.#line, endColumn };
    this.#at = end;
    return { text: text.slice(from, end), span };
  }

  #lineEnd(): void {
    this.#at += 1;
    this.#line += 1;
    this.#lineStart = this.#at;
  }
}

function separates(code: number): boolean {
  return code === OPEN || code === CLOSE || code === COMMA || code === HASH || isSpace(code);
}

/** White space as JavaScript's `\s` has it: what is pasted from a web page holds no-break spaces. */
function isSpace(code: number): boolean {
  if (code < 0x80) return code === SPACE || (code >= TAB && code <= CR);
  return code >= 0xa0 && /\s/.test(String.fromCharCode(code));
}

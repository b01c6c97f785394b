/** The parser's hand on the tokens: takes them, gives comments to their owners, complains, and finds its way back. */
import type { Diagnostic, Fix, Span } from "./diagnostic.ts";
import { adviceFor, KEYWORDS, meantBy, type Place } from "./keywords.ts";
import { Lexer, type Token } from "./lexer.ts";
import type { Report } from "./report.ts";
import { quote } from "./value.ts";

/** What comments belong to. */
type Owner = { comment: string[]; note: string };

const PUNCTUATION: ReadonlySet<string> = new Set(["{", "}", ","]);

/** Is the token a word, keywords included? Not so the end of the text, and what separates words. */
export const isWord = ({ text }: Token) => text !== "" && !PUNCTUATION.has(text);

export class Cursor {
  /** The token to be read next. */
  token: Token;
  /** The token read last: what was parsed ends with it. */
  last: Token;
  readonly #lexer: Lexer;
  readonly #report: Report;
  /** A megabyte of text has 150 000 places, and most readers ask for few or none: the map is made on demand. */
  readonly #placed: [pointer: string, span: Span][] = [];
  #places: ReadonlyMap<string, Span> | null = null;
  #owner: Owner = { comment: [], note: "" };
  #pointer = "";
  /** Where the owner's note begins. */
  #noted: Span | null = null;
  #context: { flow?: string; rule?: number } = {};
  #complained: Token | null = null;
  /** The token behind the next one, when somebody asked for it. */
  #ahead: Token | null = null;

  constructor(text: string, report: Report) {
    this.#lexer = new Lexer(text);
    this.#report = report;
    this.token = this.#lexer.next();
    this.last = this.token;
  }

  get atEnd(): boolean {
    return this.token.text === "";
  }

  /** The token behind the next one. */
  peek(): Token {
    this.#ahead ??= this.#lexer.next();
    return this.#ahead;
  }

  get places(): ReadonlyMap<string, Span> {
    this.#places ??= new Map(this.#placed);
    return this.#places;
  }

  /** From now on comments go to this owner, and complaints name this flow and rule. */
  enter(owner: Owner, pointer: string, context: { flow?: string; rule?: number } = {}): void {
    this.#owner = owner;
    this.#pointer = pointer;
    this.#noted = null;
    this.#context = context;
  }

  take(): Token {
    const token = this.token;
    for (const { text, span } of token.above) {
      this.#placed.push([`${this.#pointer}/comment/${this.#owner.comment.length}`, span]);
      this.#owner.comment.push(text);
    }
    if (token.behind) this.#note(token.behind.text, token.behind.span);
    this.last = token;
    this.token = this.#ahead ?? this.#lexer.next();
    this.#ahead = null;
    return token;
  }

  /** An owner that is written on several lines may have several comments behind them: they become one note. */
  #note(text: string, span: Span): void {
    this.#noted ??= span;
    const { line, column } = this.#noted;
    this.#placed.push([`${this.#pointer}/note`, { ...span, line, column }]);
    // Joining pieces anew each time would copy all that came before: this grows as it should.
    const { note } = this.#owner;
    this.#owner.note = note === "" || text === "" ? note + text : `${note} ${text}`;
  }

  /** A name or a value: any word, keywords too, since these are read by their place. Null where none stands. */
  takeWord(): Token | null {
    return isWord(this.token) ? this.take() : null;
  }

  /** Remembers where the pointer's text stands; it ends with the token read last. */
  place(pointer: string, first: Token, last: Token = this.last): void {
    this.#placed.push([pointer, spanOf(first, last)]);
  }

  /** Reports an error at the token to be read next, or from `first` to the token read last. */
  complain(code: string, message: string, help: string, first: Token | null = null, fixes?: Fix[]): void {
    const span = first ? spanOf(first, this.last) : spanOf(this.token, this.token);
    const diagnostic: Diagnostic = {
      code,
      severity: "error",
      message,
      help,
      ...span,
      ...this.#context,
    };
    if (!first) this.#complained = this.token;
    this.#report.add(fixes ? { ...diagnostic, fixes } : diagnostic);
  }

  /** A misspelt word is reported and then read as the one that was meant. */
  mend(words: ReadonlySet<string>): void {
    // A word of the language that stands in the wrong place is no misspelling.
    // Once so much is wrong that no more is kept, nobody reads what was meant, and guessing takes time.
    const { text } = this.token;
    if (this.atEnd || words.has(text) || KEYWORDS.has(text) || this.#report.full) return;
    const meant = meantBy(text, words);
    if (meant === null) return;
    const fixes = [{ label: `Write ${meant}`, text: meant }];
    this.complain("unknown-word", `unknown word ${quote(text)}`, `write ${meant}`, null, fixes);
    this.token = { ...this.token, text: meant };
  }

  /**
   * Brings the parser to a word that may stand here, or to the end: mends or skips, and complains once. False when
   * something was skipped.
   */
  settle(place: Place): boolean {
    const { words } = place;
    this.mend(words);
    if (this.atEnd || words.has(this.token.text)) return true;
    // Where something is missing, the complaint at this token has been made.
    if (this.#complained !== this.token) this.#complainOfWord(place);
    this.skipTo(words);
    return false;
  }

  skipTo(words: ReadonlySet<string>): void {
    while (!this.atEnd && !words.has(this.token.text)) this.take();
  }

  #complainOfWord({ help, instead }: Place): void {
    const { text } = this.token;
    const advice = instead?.get(text) ?? adviceFor(text) ?? help;
    // Numbers and addresses are no misspelt words: they stand where no value is asked for.
    const misplaced = KEYWORDS.has(text) || PUNCTUATION.has(text) || /^[0-9]/.test(text);
    if (misplaced) this.complain("misplaced-word", `${quote(text)} cannot stand here`, advice);
    else this.complain("unknown-word", `unknown word ${quote(text)}`, advice);
  }
}

function spanOf(first: Token, last: Token): Span {
  return {
    line: first.line,
    column: first.column,
    endLine: last.line,
    endColumn: last.endColumn,
  };
}

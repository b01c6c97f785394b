/**
 * Import of a text that holds flows amid prose, as a page of the original gives it when it is copied whole.
 *
 * What becomes a flow has to be one beyond doubt. "The flow should match traffic" is a sentence; `flow x deny match
 * port 80` is a flow with a mistake, and to take the part before the mistake would deny everything. Such a flow is
 * left out with its mistake named, and what is no flow is listed line by line.
 */
import { check, checkText } from "../check.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { adviceFor, CONDITION, meantBy, POLICY } from "../keywords.ts";
import { listNamed } from "../lists.ts";
import { parse } from "../parser.ts";
import type { Config, Item } from "../schema.ts";
import { type Extent, extentOf, listEnd } from "./flow-extent.ts";
import { type Imported, type LeftOut, reasonOf } from "./imported.ts";
import { type PageText, readPageText, type Word } from "./page-words-in-text.ts";

/** The reason given for prose. */
export const NO_FLOW = "not part of a flow";

/** A stretch of the text that is a flow or list, or would be one but for a mistake. */
type Piece = { start: number; end: number; line: number; item: Item | null; reason: string };

/** The flows and lists that a text holds, and every line or part of a line that became none. Never throws. */
export function importPage(given: string): Imported {
  const page = readPageText(given);
  const whole = readSound(page.raw);
  if (whole && whole.items.length > 0) return { config: whole, leftOut: [] };
  const pieces = leaveOutWrong(piecesOf(page));
  const items = pieces.flatMap(({ item }) => item ?? []);
  return { config: { items, comment: [] }, leftOut: leftOut(page, pieces) };
}

/** The config of a text without errors; null for any other. Places cost more than all the rest, and nobody asks. */
function readSound(text: string): Config | null {
  const { config, diagnostics } = parse(text);
  return diagnostics.some(isError) || check(config).some(isError) ? null : config;
}

const isError = ({ severity }: Diagnostic) => severity === "error";

function piecesOf(page: PageText): Piece[] {
  const pieces: Piece[] = [];
  const { words } = page;
  for (let at = 0; at < words.length; ) {
    const { piece, next } = pieceAt(page, at);
    if (piece) pieces.push(piece);
    at = next;
  }
  return pieces;
}

/** The piece that begins at a word, if one does, and where to look for the next. */
function pieceAt(page: PageText, at: number): { piece: Piece | null; next: number } {
  const { words } = page;
  const word = words[at];
  const none = { piece: null, next: at + 1 };
  if (!word) return none;
  const close = listEnd(words, at);
  if (close !== null) return { piece: readPiece(page, word, words[close - 1] ?? word), next: close };
  if (word.text !== "flow" && word.text !== "outflow") return none;
  const extent = extentOf(words, at);
  const judged = judge(words, at, extent);
  // What has rules is not read again from each interface in it that is called `flow`.
  if (judged === "prose") return extent.rules > 0 ? { piece: null, next: extent.end } : none;
  const last = words[extent.end - 1] ?? word;
  if (judged === "flow") return { piece: readPiece(page, word, last), next: extent.end };
  // The mistake is on the line of the word that stopped it, or on its own.
  const stop = words[extent.end];
  const line = stop && !last.ends && !ITEM_STARTS.has(stop.text) ? stop.line : last.line;
  let next = extent.end;
  while ((words[next]?.line ?? Number.POSITIVE_INFINITY) <= line) next += 1;
  return { piece: readPiece(page, word, words[next - 1] ?? last, true), next };
}

/** Is it a flow, a sentence, or a flow with a mistake? */
function judge(words: readonly Word[], at: number, extent: Extent): "flow" | "prose" | "mistake" {
  const first = words[at];
  const last = words[extent.end - 1];
  if (!first || !last) return "prose";
  const stop = last.ends ? undefined : words[extent.end];
  const startsLine = isLineStart(words, at);
  const atBorder = !stop || stop.line > last.line || stop.text === "|" || ITEM_STARTS.has(stop.text);
  const { named, policy, rules, conditions, inLastRule, broken } = extent;
  if (!named || (!policy && rules === 0)) {
    const meant = stop && stop.line === first.line && meantBy(stop.text, POLICY.words) !== null;
    return named && startsLine && meant ? "mistake" : "prose";
  }
  if (!startsLine && (!policy || rules === 0)) return "prose";
  if (broken || (stop && looksMeant(stop, last))) return "mistake";
  if (!policy && conditions === 0) return "prose";
  if (atBorder) return "flow";
  // Words follow on the same line: they are prose only where nothing is open before them.
  return inLastRule > 0 && extent.lastRuleLine === first.line ? "flow" : "mistake";
}

const ITEM_STARTS: ReadonlySet<string> = new Set(["flow", "outflow"]);

/** Only what lists, tables and consoles put before a line stands before the word. */
function isLineStart(words: readonly Word[], at: number): boolean {
  const line = words[at]?.line;
  for (let before = at - 1; words[before]?.line === line; before -= 1) {
    if (!/^([-*•·>$%|]+|\d+)$/.test(words[before]?.text ?? "")) return false;
  }
  return true;
}

/** Does the word that stopped a flow look as if it was meant to go on with it? On a new line only a rule would. */
function looksMeant(stop: Word, last: Word): boolean {
  const { text } = stop;
  if (ITEM_STARTS.has(text)) return false;
  if (stop.line > last.line) return /^(not|off|match|ignore)$/.test(text) || CONDITION.words.has(text);
  return meantBy(text, CONDITION.words) !== null || adviceFor(text) !== null || /^[\d!{}@,-]./.test(text);
}

/** Parses from the first word to the last, with the comments above, between and behind them. */
function readPiece(page: PageText, first: Word, last: Word, wrong = false): Piece {
  const { text, lines } = page;
  const start = startOf(page, first);
  const lineEnd = (lines[last.line] ?? text.length + 1) - 1;
  const behind = text.slice(last.end, lineEnd);
  const end = /^\s*#/.test(behind) ? lineEnd : last.end;
  const read = checkText(text.slice(start, end));
  const error = read.diagnostics.find((one) => isError(one) && !FROM_OUTSIDE.has(one.code));
  const item = read.config.items[0] ?? null;
  const piece = { start, end, line: first.line };
  if (error) return { ...piece, item: null, reason: reasonOf(error) };
  // A list's own names are judged with the whole config.
  if (!item || wrong)
    return { ...piece, item: null, reason: "this reads like a flow, but its end is not clear" };
  return { ...piece, item, reason: "" };
}

/** What a flow by itself cannot know: lists stand elsewhere in the text. */
const FROM_OUTSIDE: ReadonlySet<string> = new Set(["unknown-list"]);

/** Where the piece begins: with the comment lines right above it, when nothing stands before it on its line. */
function startOf({ text, lines }: PageText, { line, start }: Word): number {
  const lineStart = lines[line - 1] ?? 0;
  if (text.slice(lineStart, start).trim() !== "") return start;
  let from = start;
  for (let above = line - 2; above >= 0; above -= 1) {
    const begin = lines[above] ?? 0;
    if (!/^\s*#/.test(text.slice(begin, lines[above + 1]))) break;
    from = begin;
  }
  return from;
}

/** The pieces, those without their item that would be errors in the config that all of them make. */
function leaveOutWrong(pieces: Piece[]): Piece[] {
  let kept = pieces;
  for (;;) {
    const items = kept.flatMap(({ item }) => item ?? []);
    const wrong = new Map<Item, string>();
    for (const diagnostic of check({ items, comment: [] }).filter(isError)) {
      const item = items[Number(/^\/items\/(\d+)/.exec(diagnostic.path ?? "")?.[1])];
      if (item && !wrong.has(item)) wrong.set(item, reasonOf(diagnostic));
    }
    if (wrong.size === 0) return kept;
    addListsThatName(items, wrong);
    kept = kept.map((piece) => {
      const reason = piece.item ? wrong.get(piece.item) : undefined;
      return reason === undefined ? piece : { ...piece, item: null, reason };
    });
  }
}

/** Lists that name a list which is left out go with it, at once: a chain of lists would take a check for each. */
function addListsThatName(items: readonly Item[], wrong: Map<Item, string>): void {
  const naming = new Map<string, Item[]>();
  for (const item of items) {
    if (item.kind !== "list") continue;
    for (const name of item.values.flatMap((value) => listNamed(value) ?? [])) {
      const known = naming.get(name);
      if (known) known.push(item);
      else naming.set(name, [item]);
    }
  }
  // A map goes on to what is added to it on the way.
  for (const item of wrong.keys()) {
    if (item.kind !== "list") continue;
    for (const other of naming.get(item.name) ?? []) {
      if (!wrong.has(other)) wrong.set(other, `it names the list @${item.name}, which is left out`);
    }
  }
}

function leftOut({ raw, lines }: PageText, pieces: readonly Piece[]): LeftOut[] {
  const listed: LeftOut[] = [];
  let next = 0;
  for (const [index, start] of lines.entries()) {
    const end = (lines[index + 1] ?? raw.length + 1) - 1;
    while ((pieces[next]?.end ?? Number.POSITIVE_INFINITY) <= start) next += 1;
    let at = start;
    const prose: string[] = [];
    for (let of = next; (pieces[of]?.start ?? end) < end; of += 1) {
      const piece = pieces[of];
      if (!piece) break;
      prose.push(raw.slice(at, Math.max(at, piece.start)));
      const from = Math.max(start, piece.start);
      at = Math.min(end, piece.end);
      if (!piece.item)
        listed.push({ line: index + 1, text: raw.slice(from, at).trim(), reason: piece.reason });
    }
    prose.push(raw.slice(at, end));
    const text = prose.join(" ").trim();
    if (/[\p{L}\p{N}]/u.test(text)) listed.push({ line: index + 1, text, reason: NO_FLOW });
  }
  return listed.filter(({ text }) => text !== "");
}

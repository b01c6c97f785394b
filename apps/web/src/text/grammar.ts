/**
 * The flow language as an editor needs it: which word may stand where. A name is read by its place, so a flow
 * called `match` is a name behind `flow` and a verb elsewhere. It judges nothing; flow-model's check does.
 */
import { CONDITION_KINDS, type ConditionKind } from "@flowmgr/flow-model";

/** What the next word is going to be. */
export type Place =
  | "item"
  | "name"
  | "policy"
  | "action"
  | "director"
  | "table"
  | "body"
  | "verb"
  | "conditions"
  | "condition"
  | "value";

/** What a word turned out to be. */
export type WordKind =
  | "item"
  | "name"
  | "permit"
  | "deny"
  | "director"
  | "table"
  | "skip"
  | "verb"
  | "off"
  | "not"
  | "condition"
  | "value"
  | "unknown";

export type Reading = {
  place: Place;
  kind: ConditionKind | null;
  braces: boolean;
};

export const START: Reading = { place: "item", kind: null, braces: false };

/** A word ends at white space and at the characters that separate by themselves. */
export const WORD = /[^\s{},#]+/;

/** Keywords that may stand at each place; names and values are free. */
export const WORDS_AT: { [P in Place]: readonly string[] } = {
  item: ["flow"],
  name: [],
  policy: ["permit", "deny", "director", "table", "skip", "match", "ignore", "off", "flow"],
  action: ["permit", "deny", "director", "table", "match", "ignore", "off", "flow"],
  director: [],
  table: [],
  body: ["match", "ignore", "off", "flow"],
  verb: ["match", "ignore"],
  conditions: [
    ...CONDITION_KINDS.filter((kind) => kind !== "state"),
    "not",
    "match",
    "ignore",
    "off",
    "flow",
  ],
  condition: CONDITION_KINDS.filter((kind) => kind !== "state"),
  value: [],
};

/** Keyword -> what it is and what comes behind it. */
const KEYWORDS: { [word: string]: readonly [WordKind, Place] } = {
  flow: ["item", "name"],
  outflow: ["item", "name"],
  permit: ["permit", "body"],
  deny: ["deny", "body"],
  director: ["director", "director"],
  table: ["table", "table"],
  skip: ["skip", "action"],
  off: ["off", "verb"],
  match: ["verb", "conditions"],
  ignore: ["verb", "conditions"],
  not: ["not", "condition"],
};

/** Reads one word: says what it is and moves `reading` on. */
export function readWord(reading: Reading, word: string): WordKind {
  const free = readFree(reading);
  if (free) return free;
  if (isCondition(word) && (reading.place === "conditions" || reading.place === "condition")) {
    reading.place = "value";
    reading.kind = word;
    return "condition";
  }
  const keyword = Object.hasOwn(KEYWORDS, word) ? KEYWORDS[word] : undefined;
  if (!keyword || !mayStand(reading.place, word)) return "unknown";
  reading.place = keyword[1];
  return keyword[0];
}

/** Reads `{`, `}` or `,`. */
export function readSeparator(reading: Reading, separator: string): void {
  if (separator === "{") reading.braces = true;
  if (separator !== "}") return;
  reading.braces = false;
  if (reading.place === "value") reading.place = "conditions";
}

/** At the places of names and values any word will do. */
function readFree(reading: Reading): WordKind | null {
  switch (reading.place) {
    case "name":
      reading.place = "policy";
      return "name";
    case "director":
    case "table": {
      const kind = reading.place;
      reading.place = "body";
      return kind;
    }
    case "value":
      if (!reading.braces) reading.place = "conditions";
      return "value";
    default:
      return null;
  }
}

function mayStand(place: Place, word: string): boolean {
  // `outflow` is not offered yet, but where one is written it colours what follows as it should.
  return WORDS_AT[place].includes(word === "outflow" ? "flow" : word);
}

function isCondition(word: string): word is ConditionKind {
  return (CONDITION_KINDS as readonly string[]).includes(word);
}

/** The place behind `text`, which must begin at the start of an item. */
export function readingAfter(text: string): Reading {
  const reading = { ...START };
  for (const [token] of text.matchAll(/#.*|[{},]|[^\s{},#]+/g)) {
    if (token.startsWith("#")) continue;
    if (/^[{},]$/.test(token)) readSeparator(reading, token);
    else readWord(reading, token);
  }
  return reading;
}

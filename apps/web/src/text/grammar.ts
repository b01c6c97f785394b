/**
 * The flow language as an editor needs it: which word may stand where. A name is read by its place, so a flow
 * called `match` is a name behind `flow` and a verb elsewhere. It judges nothing; flow-model's check does.
 */
import { CONDITION_KINDS, type ConditionKind } from "@flowmgr/flow-model";

/** What the next word is going to be. */
export type Place =
  | "item"
  | "name"
  | "list-name"
  | "list-open"
  | "list-value"
  | "policy"
  | "action"
  | "director"
  | "table"
  | "body"
  | "verb"
  | "conditions"
  | "condition"
  | "value"
  /** Behind `expect`, and behind the direction that may follow. */
  | "verdict"
  | "directed"
  /** Where a condition of an expectation may stand. */
  | "expected";

/** What a word turned out to be. */
export type WordKind =
  | "item"
  | "name"
  | "permit"
  | "deny"
  | "director"
  | "table"
  | "skip"
  | "undecided"
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
  /** In an expectation: no rule follows. */
  expects: boolean;
  /** What `proto` names in the rule or expectation so far. */
  protocols: readonly string[];
};

export const START: Reading = { place: "item", kind: null, braces: false, expects: false, protocols: [] };

/** A word ends at white space and at the characters that separate by themselves. */
export const WORD = /[^\s{},#]+/;

const ITEM_WORDS = ["flow", "outflow", "list", "expect"];
const VERDICTS = ["permit", "deny", "director", "table", "undecided"];
const RULE_WORDS = ["match", "ignore", "off"];

/** Keywords that may stand at each place; names and values are free. */
export const WORDS_AT: { [P in Place]: readonly string[] } = {
  item: ITEM_WORDS,
  name: [],
  "list-name": [],
  "list-open": [],
  "list-value": [],
  policy: ["permit", "deny", "director", "table", "skip", ...RULE_WORDS, ...ITEM_WORDS],
  action: ["permit", "deny", "director", "table", ...RULE_WORDS, ...ITEM_WORDS],
  director: [],
  table: [],
  body: [...RULE_WORDS, ...ITEM_WORDS],
  verb: ["match", "ignore"],
  conditions: [...CONDITION_KINDS, "not", ...RULE_WORDS, ...ITEM_WORDS],
  condition: CONDITION_KINDS,
  value: [],
  verdict: [...VERDICTS, "flow", "outflow"],
  directed: VERDICTS,
  expected: [...CONDITION_KINDS, "not", ...ITEM_WORDS],
};

/** Keyword -> what it is and what comes behind it. */
const KEYWORDS: { [word: string]: readonly [WordKind, Place] } = {
  flow: ["item", "name"],
  outflow: ["item", "name"],
  list: ["item", "list-name"],
  expect: ["item", "verdict"],
  undecided: ["undecided", "expected"],
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
  const free = readFree(reading, word);
  if (free) return free;
  if (isCondition(word) && mayStand(reading.place, word)) {
    reading.place = "value";
    reading.kind = word;
    return "condition";
  }
  const keyword = Object.hasOwn(KEYWORDS, word) ? KEYWORDS[word] : undefined;
  if (!keyword || !mayStand(reading.place, word)) return "unknown";
  const [kind, next] = keyword;
  const names = kind === "item" && reading.place === "verdict";
  if (kind === "item" && !names) reading.expects = word === "expect";
  reading.place = names ? "directed" : behind(reading, next);
  if (kind === "verb" || kind === "item") reading.protocols = [];
  return kind;
}

/** In an expectation only conditions follow. */
function behind({ expects }: Reading, place: Place): Place {
  return expects && (place === "body" || place === "conditions") ? "expected" : place;
}

/** Reads `{`, `}` or `,`. */
export function readSeparator(reading: Reading, separator: string): void {
  if (separator === "{") {
    reading.braces = true;
    if (reading.place === "list-open") reading.place = "list-value";
  }
  if (separator !== "}") return;
  reading.braces = false;
  if (reading.place === "list-value") reading.place = "item";
  if (reading.place === "value") reading.place = behind(reading, "conditions");
}

/** At the places of names and values any word will do. */
function readFree(reading: Reading, word: string): WordKind | null {
  switch (reading.place) {
    case "name":
      reading.place = "policy";
      return "name";
    case "list-name":
      reading.place = "list-open";
      return "name";
    case "list-value":
      return "value";
    case "director":
    case "table": {
      const kind = reading.place;
      reading.place = behind(reading, "body");
      return kind;
    }
    case "value":
      if (reading.kind === "proto") reading.protocols = [...reading.protocols, word];
      if (!reading.braces) reading.place = behind(reading, "conditions");
      return "value";
    default:
      return null;
  }
}

function mayStand(place: Place, word: string): boolean {
  return WORDS_AT[place].includes(word);
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

/** The words of the language, and what people write instead of them. */
import { CONDITION_KINDS, type ConditionKind } from "./schema.ts";
import { nearest } from "./spelling.ts";

export const ITEM_WORDS: ReadonlySet<string> = new Set(["flow", "outflow", "list", "expect"]);
export const ACTION_WORDS: ReadonlySet<string> = new Set(["permit", "deny", "director", "table"]);
/** What an expectation may expect. */
export const VERDICT_WORDS: ReadonlySet<string> = new Set([...ACTION_WORDS, "undecided"]);
export const VERBS: ReadonlySet<string> = new Set(["match", "ignore"]);
export const KIND_WORDS: ReadonlySet<string> = new Set(CONDITION_KINDS);
const RULE_WORDS = ["off", ...VERBS];
const CONDITION_WORDS = ["not", ...CONDITION_KINDS];
/** Those that end a list in braces: `undecided` came later, and may be an interface there in some config. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  ...ITEM_WORDS,
  ...ACTION_WORDS,
  "skip",
  ...RULE_WORDS,
  ...CONDITION_WORDS,
]);

export function isKind(word: string): word is ConditionKind {
  return KIND_WORDS.has(word);
}

/** A place in the grammar: the words that may stand there, and how to say so. */
export type Place = {
  words: ReadonlySet<string>;
  help: string;
  /** What to do instead of some words that may not, before what is advised of them elsewhere. */
  instead?: ReadonlyMap<string, string>;
};

/** Where an item begins. */
export const ITEM: Place = {
  words: ITEM_WORDS,
  help: "write flow NAME POLICY, then its rules; or list NAME { VALUES }; or expect VERDICT CONDITIONS",
};

/** Behind `skip`: the action that it switches off, or the first rule. Conditions stand in it for a forgotten verb. */
export const SKIPPED: Place = {
  words: new Set([...ACTION_WORDS, ...RULE_WORDS, ...CONDITION_WORDS, ...ITEM_WORDS]),
  help: "behind skip comes an action (permit, deny, director NAME, table ID) or a rule (match, ignore)",
};

/** Behind a flow's name. */
export const POLICY: Place = {
  words: new Set([...SKIPPED.words, "skip"]),
  help: "behind the name comes a policy (permit, deny, director NAME, table ID, skip), then rules (match, ignore)",
};

/** Where a rule begins. */
export const RULE: Place = {
  words: new Set([...RULE_WORDS, ...CONDITION_WORDS, ...ITEM_WORDS]),
  help: "a rule begins with match or ignore, the next flow with flow",
};

/** In a rule: behind its verb or one of its conditions. */
export const CONDITION: Place & { owner: "rule" } = {
  owner: "rule",
  words: RULE.words,
  help: `a condition has one value, or several in braces; then comes another condition (${CONDITION_KINDS.join(", ")}), a rule (match, ignore) or flow`,
};

/** Behind `expect`. Conditions, rules and `skip` stand in it for a forgotten verdict. */
export const VERDICT: Place = {
  words: new Set([...VERDICT_WORDS, ...CONDITION_WORDS, ...RULE_WORDS, "skip", ...ITEM_WORDS]),
  help: "behind expect comes what the packets get: permit, deny, director NAME, table TABLE or undecided; then conditions",
};

const VERDICT_ONCE = "an expectation has one verdict, right behind expect: write a second expectation";
const NO_RULE = "an expectation has conditions only: leave it out; rules stand in flows";

/** In an expectation: behind its verdict or one of its conditions. */
export const EXPECTED: Place & { owner: "expectation" } = {
  owner: "expectation",
  words: new Set([...CONDITION_WORDS, ...ITEM_WORDS]),
  help: `a condition has one value, or several in braces; then comes another condition (${CONDITION_KINDS.join(", ")}), or the next flow, list or expect`,
  instead: new Map([
    ...[...VERDICT_WORDS].map((word) => [word, VERDICT_ONCE] as const),
    ...RULE_WORDS.map((word) => [word, NO_RULE] as const),
    ["skip", "an expectation cannot be skipped: as a comment, behind #, it stays for later"],
  ]),
};

/** Words of iptables, nft and other filters, and plain words, that have a word here. Lower case. */
const OTHER_WORDS: ReadonlyMap<string, string> = new Map([
  ...["chain", "filter"].map((word) => [word, "flow"] as const),
  ...["accept", "allow", "pass"].map((word) => [word, "permit"] as const),
  ...["drop", "reject", "block", "discard"].map((word) => [word, "deny"] as const),
  ...["lvs", "ipvs", "direct"].map((word) => [word, "director"] as const),
  ...["route", "lookup"].map((word) => [word, "table"] as const),
  ...["disabled", "none"].map((word) => [word, "skip"] as const),
  ...["disable", "inactive"].map((word) => [word, "off"] as const),
  ...["if", "when", "matches"].map((word) => [word, "match"] as const),
  ...["unless", "except", "return"].map((word) => [word, "ignore"] as const),
  ...["!", "no", "isnt"].map((word) => [word, "not"] as const),
  ...["-i", "--in-interface", "interface", "iif", "iifname", "dev"].map((word) => [word, "iface"] as const),
  ...["-p", "--proto", "--protocol", "protocol", "l4proto"].map((word) => [word, "proto"] as const),
  ...["-s", "--src", "--source", "source", "saddr", "from"].map((word) => [word, "src"] as const),
  ...["-d", "--dst", "--destination", "destination", "daddr", "to"].map((word) => [word, "dst"] as const),
  ...["--sport", "--source-port", "sport", "sports"].map((word) => [word, "srcport"] as const),
  ...["--dport", "--destination-port", "dport", "dports"].map((word) => [word, "dstport"] as const),
  ...["--icmp-type", "--icmpv6-type", "icmp-type", "icmpv6-type"].map((word) => [word, "icmptype"] as const),
  ...["--state", "--ctstate", "ctstate", "ct"].map((word) => [word, "state"] as const),
]);

const POLICY_ONCE = "a policy stands once, right behind the name of its flow";

/** Words without a counterpart here: what to do instead. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  ["port", "write dstport or srcport"],
  ["--port", "write dstport or srcport"],
  ["any", "leave out what shall hold for every packet; match alone takes them all"],
  ["all", "leave out what shall hold for every packet; match alone takes them all"],
  ["and", "leave it out: the conditions of a rule hold together"],
  ["&&", "leave it out: the conditions of a rule hold together"],
  ["or", "write several values in braces, or a second rule"],
  ["||", "write several values in braces, or a second rule"],
  ["-j", "leave it out: the flow's policy says what happens to the packet"],
  ["-m", "leave it out"],
  [",", "write several values in braces: dstport { 25, 110 }"],
  ...[...ACTION_WORDS, "skip"].map((word) => [word, POLICY_ONCE] as const),
  ["undecided", "undecided is for expect only: what no flow decides goes on untouched"],
]);

/** What to do instead of a word that has no counterpart here; null when nothing is known about it. */
export function adviceFor(word: string): string | null {
  return ADVICE.get(word.toLowerCase()) ?? null;
}

/** The word, of those given, that was probably meant: another spelling, another tool's word, a slip of the finger. */
export function meantBy(word: string, words: ReadonlySet<string>): string | null {
  if (word.length > 20) return null;
  const lower = word.toLowerCase();
  if (words.has(lower)) return lower;
  const other = OTHER_WORDS.get(lower);
  if (other !== undefined) return words.has(other) ? other : null;
  return lower.length < 3 || ADVICE.has(lower) ? null : nearest(lower, words);
}

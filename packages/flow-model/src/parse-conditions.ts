/** The conditions of a rule: `{ [ "not" ] KIND VALUE }`. */
import type { Cursor } from "./cursor.ts";
import { CONDITION, isKind, KEYWORDS, KIND_WORDS } from "./keywords.ts";
import type { Token } from "./lexer.ts";
import { CONDITION_KINDS, type ConditionKind, type Conditions, type Rule } from "./schema.ts";

/** What a value of each kind looks like, for who forgot it. */
const EXAMPLES: Readonly<Record<ConditionKind, string>> = {
  iface: "iface eth0",
  proto: "proto tcp",
  src: "src 192.168.0.0/24",
  dst: "dst 192.168.0.1",
  srcport: "srcport 1024:65535",
  dstport: "dstport 22",
  icmptype: "icmptype echo-request",
  state: "state new",
};

/** Reads conditions up to the next rule or item, and puts them into the rule in the grammar's order. */
export function parseConditions(cursor: Cursor, pointer: string, rule: Rule): void {
  const written: Conditions = {};
  for (;;) {
    cursor.settle(CONDITION);
    const word = cursor.token.text;
    if (word !== "not" && !isKind(word)) break;
    parseCondition(cursor, `${pointer}/conditions`, written);
  }
  for (const kind of CONDITION_KINDS) {
    const condition = written[kind];
    if (condition) rule.conditions[kind] = condition;
  }
}

function parseCondition(cursor: Cursor, pointer: string, written: Conditions): void {
  const first = cursor.token;
  const negated = first.text === "not";
  if (negated) {
    cursor.take();
    cursor.mend(KIND_WORDS);
  }
  const kind = cursor.token.text;
  if (!isKind(kind)) {
    const help = "not stands before one condition: not src 192.168.0.0/24";
    cursor.complain("missing-condition", "a condition is missing behind not", help);
    return;
  }
  cursor.take();
  const value = parseValue(cursor, kind);
  if (!value) return;
  if (written[kind]) {
    const help = "a condition stands at most once in a rule: write a second rule";
    cursor.complain("duplicate-condition", `a second ${kind} in one rule`, help, first);
    return;
  }
  written[kind] = { not: negated || value.not, values: [value.token.text] };
  cursor.place(`${pointer}/${kind}`, first);
  cursor.place(`${pointer}/${kind}/values/0`, value.token);
}

function parseValue(cursor: Cursor, kind: ConditionKind): { token: Token; not: boolean } | null {
  // An interface may be called anything; no other value is a word of the language.
  const byPlace = kind === "iface";
  const not = cursor.token.text === "not" && !byPlace;
  if (not) {
    cursor.complain("misplaced-word", "not stands before the condition", `write not ${EXAMPLES[kind]}`);
    cursor.take();
  }
  if (cursor.token.text === "{") {
    refuseList(cursor);
    return null;
  }
  const token = KEYWORDS.has(cursor.token.text) && !byPlace ? null : cursor.takeWord();
  if (token) return { token, not };
  cursor.complain("missing-value", `a value is missing behind ${kind}`, `write ${EXAMPLES[kind]}`);
  return null;
}

/** Reads over a list in braces, nested ones too. One that nobody closed ends where a rule or flow begins. */
function refuseList(cursor: Cursor): void {
  const open = cursor.take();
  for (let depth = 1; depth > 0 && !cursor.atEnd && !KEYWORDS.has(cursor.token.text); ) {
    const word = cursor.take().text;
    if (word === "{") depth += 1;
    if (word === "}") depth -= 1;
  }
  cursor.complain("not-yet", "lists in braces are not supported yet", "write a rule for each value", open);
}

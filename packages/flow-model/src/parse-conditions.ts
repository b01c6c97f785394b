/** The conditions of a rule or an expectation: `{ [ "not" ] KIND VALUES }`, where VALUES is one, or a list in braces. */
import type { Cursor } from "./cursor.ts";
import { isKind, KEYWORDS, KIND_WORDS, type Place } from "./keywords.ts";
import { parseBraces } from "./parse-braces.ts";
import { CONDITION_KINDS, type ConditionKind, type Conditions } from "./schema.ts";

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

const ONE = { rule: "a rule", expectation: "an expectation" } as const;

/** What conditions stand in; `place` says what may stand behind one of them. */
export type ConditionPlace = Place & { owner: "rule" | "expectation" };

/** Reads conditions up to what is none, and puts them into their owner in the grammar's order. */
export function parseConditions(
  cursor: Cursor,
  pointer: string,
  into: { conditions: Conditions },
  place: ConditionPlace,
): void {
  const written: Conditions = {};
  for (;;) {
    cursor.settle(place);
    const word = cursor.token.text;
    if (word !== "not" && !isKind(word)) break;
    parseCondition(cursor, `${pointer}/conditions`, written, place.owner);
  }
  for (const kind of CONDITION_KINDS) {
    const condition = written[kind];
    if (condition) into.conditions[kind] = condition;
  }
}

function parseCondition(
  cursor: Cursor,
  pointer: string,
  written: Conditions,
  owner: ConditionPlace["owner"],
): void {
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
  const path = `${pointer}/${kind}`;
  const values = parseValues(cursor, kind, written[kind] ? null : path);
  if (!values) return;
  if (written[kind]) {
    const help = `a condition stands at most once in ${ONE[owner]}: write several values in braces, or a second ${owner}`;
    cursor.complain("duplicate-condition", `a second ${kind} in one ${owner}`, help, first);
    return;
  }
  written[kind] = { not: negated || values.not, values: values.texts };
  cursor.place(path, first);
}

/** One value, or a list in braces; null where there is none. They are placed below `path`, unless it is null. */
function parseValues(
  cursor: Cursor,
  kind: ConditionKind,
  path: string | null,
): { texts: string[]; not: boolean } | null {
  // An interface may be called anything; no other value is a word of the language.
  const byPlace = kind === "iface";
  const not = cursor.token.text === "not" && !byPlace;
  if (not) {
    cursor.complain("misplaced-word", "not stands before the condition", `write not ${EXAMPLES[kind]}`);
    cursor.take();
  }
  const where = path === null ? null : `${path}/values`;
  if (cursor.token.text === "{") return { texts: parseBraces(cursor, { where, keywords: byPlace }), not };
  const token = KEYWORDS.has(cursor.token.text) && !byPlace ? null : cursor.takeWord();
  if (!token) {
    cursor.complain("missing-value", `a value is missing behind ${kind}`, `write ${EXAMPLES[kind]}`);
    return null;
  }
  if (where !== null) cursor.place(`${where}/0`, token);
  return { texts: [token.text], not };
}

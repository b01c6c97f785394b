/** An expectation: `expect [ flow | outflow ] VERDICT conditions`. */
import type { Cursor } from "./cursor.ts";
import { ACTION_WORDS, EXPECTED, KEYWORDS, meantBy, VERDICT, VERDICT_WORDS } from "./keywords.ts";
import { parseAction } from "./parse-action.ts";
import { parseConditions } from "./parse-conditions.ts";
import type { Expect } from "./schema.ts";

/** Reads an expectation at its word; null where it does not say what is expected, its conditions checked all the same. */
export function parseExpect(cursor: Cursor, pointer: string): Expect | null {
  const expect: Expect = {
    kind: "expect",
    direction: "in",
    verdict: { action: "undecided" },
    conditions: {},
    comment: [],
    note: "",
  };
  cursor.enter(expect, pointer);
  const first = cursor.take();
  cursor.place(`${pointer}/kind`, first);
  const verdict = parseVerdict(cursor, pointer, expect);
  if (verdict) expect.verdict = verdict;
  parseConditions(cursor, pointer, expect, EXPECTED);
  cursor.place(pointer, first);
  return verdict ? expect : null;
}

function parseVerdict(cursor: Cursor, pointer: string, expect: Expect): Expect["verdict"] | null {
  let sound = cursor.settle(VERDICT);
  if (sound && saysDirection(cursor)) {
    expect.direction = cursor.take().text === "outflow" ? "out" : "in";
    cursor.place(`${pointer}/direction`, cursor.last);
    sound = cursor.settle(VERDICT);
  }
  const first = cursor.token;
  if (VERDICT_WORDS.has(first.text)) {
    const verdict = ACTION_WORDS.has(first.text)
      ? parseAction(cursor, `${pointer}/verdict`)
      : parseUndecided(cursor, `${pointer}/verdict`);
    cursor.place(`${pointer}/verdict`, first);
    return verdict;
  }
  // A word that nobody knows has been complained of.
  if (sound) cursor.complain("missing-verdict", "a verdict is missing behind expect", VERDICT.help);
  return null;
}

function parseUndecided(cursor: Cursor, pointer: string): Expect["verdict"] {
  cursor.place(`${pointer}/action`, cursor.take());
  return { action: "undecided" };
}

/** `expect flow deny` names a direction; in `expect`, `flow ssh permit` a verdict is missing and the next flow begins. */
function saysDirection(cursor: Cursor): boolean {
  if (cursor.token.text !== "flow" && cursor.token.text !== "outflow") return false;
  const behind = cursor.peek().text;
  return behind === "" || KEYWORDS.has(behind) || meantBy(behind, VERDICT_WORDS) !== null;
}

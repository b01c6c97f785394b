/**
 * Text -> config and diagnostics, in one pass; never throws.
 *
 * The parser knows structure: which word may stand where. What the values mean, and whether they are right, is for
 * `check` to say, for text and JSON alike, so that there is one place for each complaint. After an error it goes on
 * with the next word that it knows, and what it could read is in the config: one slip costs one diagnostic, and a
 * page can still draw the other flows. A misspelt word is read as the one that was meant.
 *
 * Names are read by their place: behind `flow` stands a name, whatever it is. Hence a flow may be called `permit` or
 * `match`, no word is reserved, and a word that is new in a later version breaks no config.
 */
import { Cursor } from "./cursor.ts";
import type { Diagnostic, Span } from "./diagnostic.ts";
import { ACTION_WORDS, CONDITION, ITEM, ITEM_WORDS, POLICY, RULE, SKIPPED, VERBS } from "./keywords.ts";
import { parseAction } from "./parse-action.ts";
import { parseBraces } from "./parse-braces.ts";
import { parseConditions } from "./parse-conditions.ts";
import { parseExpect } from "./parse-expect.ts";
import { Report } from "./report.ts";
import type { Config, Flow, Item, List, Rule } from "./schema.ts";

export type Parse = {
  config: Config;
  diagnostics: Diagnostic[];
  places: ReadonlyMap<string, Span>;
};

/**
 * Reads a config from text. `config` holds what could be read, values as written; `diagnostics` what is wrong with
 * the structure, with line and column (values are checked by `check`; `checkText` does both); `places` says where
 * each part of the config stands.
 */
export function parse(text: string): Parse {
  const report = new Report();
  const read = parseInto(text, report);
  return withPlaces(read, report.diagnostics());
}

/** What was read; `places` is a call because few ask for it, see `Cursor`. */
type Reading = { config: Config; places: () => Parse["places"] };

/** A reading as `parse` gives it, the places still on demand. */
export function withPlaces({ config, places }: Reading, diagnostics: Diagnostic[]): Parse {
  return {
    config,
    diagnostics,
    get places() {
      return places();
    },
  };
}

/** `parse`, with what is wrong added to a report. */
export function parseInto(text: string, report: Report): Reading {
  const cursor = new Cursor(text, report);
  const config: Config = { items: [], comment: [] };
  const rest = { comment: config.comment, note: "" };
  for (;;) {
    cursor.enter(rest, "");
    cursor.settle(ITEM);
    if (cursor.atEnd) break;
    const item = parseItem(cursor, `/items/${config.items.length}`);
    if (item) config.items.push(item);
  }
  // The comments above the end.
  cursor.take();
  if (rest.note !== "") config.comment.push(rest.note);
  return { config, places: () => cursor.places };
}

function parseItem(cursor: Cursor, pointer: string): Item | null {
  const word = cursor.token.text;
  if (word === "list") return parseList(cursor, pointer);
  if (word === "expect") return parseExpect(cursor, pointer);
  return parseFlow(cursor, pointer, word === "outflow" ? "outflow" : "flow");
}

function parseList(cursor: Cursor, pointer: string): List | null {
  const list: List = { kind: "list", name: "", values: [], comment: [], note: "" };
  cursor.enter(list, pointer);
  const first = cursor.take();
  cursor.place(`${pointer}/kind`, first);
  const name = cursor.takeWord();
  if (name) {
    list.name = name.text;
    cursor.place(`${pointer}/name`, name);
    cursor.enter(list, pointer, { flow: `@${list.name}` });
  } else cursor.complain("missing-name", "a name is missing behind list", `write ${LIST_EXAMPLE}`);
  const opened = cursor.token.text === "{";
  if (!opened && name)
    cursor.complain("missing-brace", "a { is missing behind the name", `write ${LIST_EXAMPLE}`);
  list.values = parseBraces(cursor, { where: `${pointer}/values` });
  cursor.place(pointer, first);
  // Nothing that could be its values: the complaint has been made, and an empty list would be a second one.
  return name && (opened || list.values.length > 0) ? list : null;
}

const LIST_EXAMPLE = "list office { 10.0.0.0/8, 192.168.0.1 }";

function parseFlow(cursor: Cursor, pointer: string, kind: Flow["kind"]): Flow | null {
  const flow: Flow = {
    kind,
    name: "",
    policy: null,
    skipped: true,
    comment: [],
    note: "",
    rules: [],
  };
  cursor.enter(flow, pointer);
  const first = cursor.take();
  cursor.place(`${pointer}/kind`, first);
  const name = cursor.takeWord();
  if (name) {
    flow.name = name.text;
    cursor.place(`${pointer}/name`, name);
    cursor.enter(flow, pointer, { flow: flow.name });
  } else {
    cursor.complain(
      "missing-name",
      `a name is missing behind ${kind}`,
      `write ${kind} NAME POLICY, then its rules`,
    );
  }
  parsePolicy(cursor, pointer, flow);
  parseRules(cursor, pointer, flow);
  cursor.place(pointer, first);
  // Without a name there is nothing to call it by: what it holds has been read for its errors.
  return name ? flow : null;
}

function parsePolicy(cursor: Cursor, pointer: string, flow: Flow): void {
  cursor.settle(behindName(flow.name));
  const first = cursor.token;
  const skip = first.text === "skip";
  if (skip) {
    cursor.place(`${pointer}/skipped`, cursor.take());
    cursor.settle(SKIPPED);
  }
  if (ACTION_WORDS.has(cursor.token.text)) flow.policy = parseAction(cursor, `${pointer}/policy`);
  // No policy means skip.
  flow.skipped = skip || flow.policy === null;
  if (skip || flow.policy) cursor.place(`${pointer}/policy`, first);
}

/** Who writes `flow permit match` meant a policy; it was read as the name, and the complaint comes a word later. */
function behindName(name: string) {
  if (!POLICY.words.has(name)) return POLICY;
  return {
    ...POLICY,
    help: `the word behind flow is its name: this flow is called ${name}; ${POLICY.help}`,
  };
}

function parseRules(cursor: Cursor, pointer: string, flow: Flow): void {
  for (;;) {
    cursor.settle(RULE);
    if (cursor.atEnd || ITEM_WORDS.has(cursor.token.text)) return;
    const number = flow.rules.length + 1;
    const rule: Rule = {
      verb: "match",
      off: false,
      comment: [],
      note: "",
      conditions: {},
    };
    const context = flow.name === "" ? { rule: number } : { flow: flow.name, rule: number };
    const path = `${pointer}/rules/${number - 1}`;
    cursor.enter(rule, path, context);
    parseRule(cursor, path, rule, flow);
    flow.rules.push(rule);
  }
}

function parseRule(cursor: Cursor, pointer: string, rule: Rule, flow: Flow): void {
  const first = cursor.token;
  if (first.text === "off") {
    cursor.take();
    rule.off = true;
    cursor.mend(VERBS);
  }
  const verb = cursor.token.text;
  if (verb === "match" || verb === "ignore") {
    cursor.take();
    rule.verb = verb;
  } else {
    cursor.complain("missing-verb", "match or ignore is missing", helpForVerb(rule, flow));
  }
  parseConditions(cursor, pointer, rule, CONDITION);
  cursor.place(pointer, first);
}

function helpForVerb(rule: Rule, flow: Flow): string {
  if (rule.off) return "write off match or off ignore";
  // `flow match proto tcp`: the verb is there, but it was read as the name.
  if (VERBS.has(flow.name) && flow.rules.length === 0 && !flow.policy) return behindName(flow.name).help;
  return "write match or ignore before the conditions";
}

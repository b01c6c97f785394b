/**
 * Export in the words of the original page. What is written means the same, packet for packet: lists become several
 * rules, what is not in force becomes a comment, and what cannot be said is refused with its place, never bent.
 */
import { check } from "../check.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { icmpErrorDestinations } from "../icmp-errors.ts";
import { expandLists } from "../lists.ts";
import { printWithPlaces } from "../print-places.ts";
import { printExpect, printPolicy, printRule } from "../printer.ts";
import type { Conditions, Config, Flow, Item, Rule } from "../schema.ts";
import { pageConditions, type Wordless } from "./page-rule.ts";

export type PageWords =
  | { text: string; config: Config }
  /** All that cannot be said, each with the path of its condition or value in the given config. */
  | { text: null; diagnostics: Diagnostic[] };

/** Most rules that a config may become: a page of so many nobody reads, and its text is some five megabytes. */
const MOST_RULES = 100_000;

/** A config that `check` finds no error in, in the original page's words alone. Values stand in canonical form. */
export function exportPageWords(config: Config): PageWords {
  const diagnostics: Diagnostic[] = [];
  const items: Flow[] = [];
  let count = 0;
  /** What the page has no item for, as comments of the next flow. */
  let waiting: string[] = [];
  const expanded = expandLists(config).items;
  for (const [index, item] of config.items.entries()) {
    const flow = expanded[index];
    if (!flow || !isFlow(item) || !isFlow(flow)) {
      waiting.push(...item.comment, describeItem(item));
      continue;
    }
    const inWords = flowInWords(flow, item, MOST_RULES - count, (rule, wordless) =>
      diagnostics.push(refusal(item, `/items/${index}`, rule, wordless)),
    );
    if (inWords === null) return { text: null, diagnostics: [tooMany(item, index)] };
    count += inWords.rules.length;
    items.push({ ...inWords, comment: [...waiting, ...inWords.comment] });
    waiting = [];
  }
  if (diagnostics.length > 0) return { text: null, diagnostics };
  const inWords = { items, comment: [...waiting, ...config.comment] };
  // Reads back what it printed, and throws when that is another config.
  return { text: printWithPlaces(inWords).text, config: inWords };
}

const isFlow = (item: Item): item is Flow => item.kind === "flow" || item.kind === "outflow";

/** Of `most` rules; `written` has the names of lists in it; `refuse` gets the index of a rule that cannot be said. */
function flowInWords(
  flow: Flow,
  written: Flow,
  most: number,
  refuse: (rule: number, wordless: Wordless) => void,
): Flow | null {
  const on = flow.policy !== null && !flow.skipped;
  const rules: Rule[] = [];
  /** Rules that are not in force, as comments of the next one. */
  let waiting: string[] = [];
  for (const [index, rule] of flow.rules.entries()) {
    const pieces = rule.off ? [] : piecesOf(flow, rule);
    if ("message" in pieces && on) refuse(index, pieces);
    // What is not in force may hold what cannot be said: its text is kept all the same.
    if ("message" in pieces || pieces.length === 0) {
      waiting.push(...rule.comment, printRule(written.rules[index] ?? rule));
      continue;
    }
    if (rules.length + pieces.length > most) return null;
    for (const [piece, conditions] of pieces.entries()) {
      const remarks = piece === 0 ? { comment: [...waiting, ...rule.comment], note: rule.note } : NO_REMARKS;
      rules.push({ ...rule, ...remarks, conditions });
    }
    waiting = [];
  }
  const off = flow.policy && !on ? [`switched off: ${printPolicy({ ...flow, skipped: false })}`] : [];
  const behind = waiting.length > 0 ? ["behind its last rule:", ...waiting] : [];
  const comment = [...flow.comment, ...off, ...behind];
  return { ...flow, ...(on ? {} : { policy: null, skipped: true }), comment, rules };
}

/** The conditions of the rules that a rule becomes. */
function piecesOf(flow: Flow, rule: Rule): Conditions[] | Wordless {
  const said = pageConditions(rule.conditions);
  if ("wordless" in said) return said.wordless;
  const ruleWith = (conditions: Conditions): Rule => ({ ...rule, conditions });
  // What stays one rule holds as the given one does.
  const pieces = said.ok.length === 1 ? said.ok : said.ok.filter((piece) => canHold(ruleWith(piece)));
  const { dst } = rule.conditions;
  const without = pieces.filter((piece) => dst?.not && !piece.dst?.not);
  if (icmpErrorDestinations({ ...flow, rules: without.map(ruleWith) }).length === 0) return pieces;
  const message = "a director's ICMP errors go where its rules say dst, and this list says only where not";
  return { kind: "dst", message, help: "name the destinations without not" };
}

function refusal(written: Flow, pointer: string, rule: number, wordless: Wordless): Diagnostic {
  const { kind, value, message, help } = wordless;
  const values = written.rules[rule]?.conditions[kind]?.values ?? [];
  // A value out of a named list has no place of its own here.
  const at = value === undefined ? -1 : values.indexOf(value);
  const path = `${pointer}/rules/${rule}/conditions/${kind}${at < 0 ? "" : `/values/${at}`}`;
  return { code: "no-page-word", severity: "error", message, help, path, flow: written.name, rule: rule + 1 };
}

function tooMany({ name }: Flow, index: number): Diagnostic {
  const message = `up to here the config would become more than ${MOST_RULES} rules with one value each`;
  const help = "write lists with fewer, larger ranges";
  return { code: "no-page-word", severity: "error", message, help, path: `/items/${index}/name`, flow: name };
}

const NEVER: ReadonlySet<string> = new Set(["never-holds", "icmp-families"]);

const NO_REMARKS = { comment: [], note: "" };

/** Of the rules that a list becomes, some may meet a condition that they can never hold together with. */
function canHold(rule: Rule): boolean {
  const flow: Flow = {
    kind: "flow",
    name: "a",
    policy: { action: "permit" },
    skipped: false,
    comment: [],
    note: "",
    rules: [rule],
  };
  return check({ items: [flow], comment: [] }).every(({ code }) => !NEVER.has(code));
}

function describeItem(item: Item): string {
  if (item.kind === "expect") return printExpect(item);
  const words = item.kind === "list" ? `list ${item.name} { ${item.values.join(", ")} }` : item.name;
  return item.note === "" ? words : `${words} # ${item.note}`;
}

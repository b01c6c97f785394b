/** What may be written at the caret of the search field. */
import {
  type Config,
  flowsOf,
  ICMP_NAMES,
  listsOf,
  PROTOCOLS,
  SEARCH_KEYS,
  SEARCH_WORDS,
} from "@flowmgr/flow-model";

export type Completion = {
  /** What stands in the list, and what the term becomes. */
  value: string;
  detail: string;
};

export type Completions = {
  /** The part of the query that a choice takes the place of. */
  from: number;
  to: number;
  options: Completion[];
};

const STATES = ["new", "established", "related", "invalid", "untracked"];
const POLICIES = ["permit", "deny", "director", "table", "skip"];

/** Keys and words that begin like the term at the caret, or behind a key the values that are known. */
export function completionsAt(
  query: string,
  caret: number,
  config: Config,
  interfaces: readonly string[],
): Completions {
  const from = query.slice(0, caret).search(/\S*$/);
  const to = caret + query.slice(caret).search(/\s|$/);
  const term = query.slice(from, caret);
  const minus = term.startsWith("-") ? "-" : "";
  const typed = term.slice(minus.length).toLowerCase();
  const colon = typed.indexOf(":");
  const options =
    colon < 0
      ? [...entriesOf(SEARCH_KEYS, ":"), ...entriesOf(SEARCH_WORDS, "")]
      : valuesOf(typed.slice(0, colon), config, interfaces).map((value) => ({
          value: `${typed.slice(0, colon)}:${value}`,
          detail: "",
        }));
  const fitting = options.filter(
    ({ value }) => value.toLowerCase().startsWith(typed) && value.toLowerCase() !== typed,
  );
  return { from, to, options: fitting.map(({ value, detail }) => ({ value: minus + value, detail })) };
}

const entriesOf = (words: { [word: string]: string }, end: string): Completion[] =>
  Object.entries(words).map(([word, detail]) => ({ value: word + end, detail }));

function valuesOf(key: string, config: Config, interfaces: readonly string[]): string[] {
  switch (key) {
    case "proto":
      return PROTOCOLS.map(({ name }) => name);
    case "iface":
      return [...interfaces];
    case "icmp":
      return [...new Set([...ICMP_NAMES[4], ...ICMP_NAMES[6]].map(([name]) => name))];
    case "state":
      return STATES;
    case "policy":
      return POLICIES;
    case "list":
      return listsOf(config).map(({ name }) => name);
    case "director":
      return distinct(
        flowsOf(config).flatMap(({ policy }) => (policy?.action === "director" ? policy.director : [])),
      );
    case "table":
      return distinct(
        flowsOf(config).flatMap(({ policy }) => (policy?.action === "table" ? policy.table : [])),
      );
    default:
      return [];
  }
}

const distinct = (values: string[]) => [...new Set(values)].sort();

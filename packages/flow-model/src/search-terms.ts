/** What may be written into a search, as data: the page offers it, the matching (search.ts) reads it. */

export const SEARCH_KEYS = {
  src: "source holds this address",
  dst: "destination holds this address",
  port: "either port",
  srcport: "source port",
  dstport: "destination port",
  proto: "protocol",
  iface: "interface",
  icmp: "ICMP type",
  state: "connection state",
  list: "named list",
  policy: "permit, deny, director, table, skip",
  director: "LVS director",
  table: "routing table",
  name: "name holds this",
} as const;

/** Words that ask something; in quotes they are text. `changed`, `warning`, `error` and `unused` are facts. */
export const SEARCH_WORDS = {
  unused: "no hit since counting began",
  warning: "has a warning",
  error: "has an error",
  off: "switched off",
  changed: "not applied yet",
  in: "incoming packets",
  out: "this machine's own packets",
} as const;

export type SearchKey = keyof typeof SEARCH_KEYS;
export type SearchWord = keyof typeof SEARCH_WORDS;

export type Term = {
  not: boolean;
  /** `text`: words, addresses and networks without a key. */
  ask: { key: SearchKey } | { word: SearchWord } | { text: true };
  /** In lower case, without its quotes. */
  value: string;
  /** In quotes: the whole value, not its beginning. */
  exact: boolean;
};

const TERM = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S*))/iy;

const has = <K extends string>(words: { [word in K]: string }, word: string): word is K =>
  Object.hasOwn(words, word);

/** The terms of a search, in order; all must hold. Any text is a search: what is no term of another kind is a word. */
export function parseSearch(query: string): Term[] {
  const terms: Term[] = [];
  for (const token of tokensOf(query)) {
    const term = readTerm(token);
    if (term) terms.push(term);
  }
  return terms;
}

/** Split at white space outside of quotes. */
function tokensOf(query: string): string[] {
  return query.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
}

function readTerm(token: string): Term | null {
  TERM.lastIndex = 0;
  const [, minus = "", key = "", quoted, plain = ""] = TERM.exec(token) ?? [];
  const not = minus !== "";
  const value = (quoted ?? plain).toLowerCase();
  const exact = quoted !== undefined;
  const known = key.toLowerCase();
  if (has(SEARCH_KEYS, known)) return { not, ask: { key: known }, value, exact };
  if (exact && key === "") return value === "" ? null : { not, ask: { text: true }, value, exact };
  const word = token.slice(minus.length).toLowerCase();
  if (word === "") return null;
  if (has(SEARCH_WORDS, word)) return { not, ask: { word }, value: word, exact: false };
  return { not, ask: { text: true }, value: word, exact: false };
}

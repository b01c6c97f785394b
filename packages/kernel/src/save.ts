/** What `iptables-save -c` prints, taken apart. A rule is never understood here, only kept: foreign ones may be anything. */

export type SavedRule = {
  /** Everything behind `-A CHAIN`, as printed. */
  words: string;
  packets: number;
  bytes: number;
};

export type SavedChain = { name: string; builtIn: boolean; rules: SavedRule[] };

export type SavedTable = { name: string; chains: Map<string, SavedChain> };

/** `[packets:bytes] -A chain words`; the counters stand there with `-c` only, a chain's name may be quoted. */
const RULE = /^(?:\[(\d+):(\d+)\] )?-A ("(?:\\.|[^"\\])*"|\S+) ?(.*)$/s;

/** `:chain policy [packets:bytes]`; `-` for a chain that users made. */
const CHAIN = /^:(\S+) (\S+)/;

/**
 * The tables of a text that iptables-save printed. Comments, and lines of no known kind, are passed over. A chain that is
 * printed word for word as in `known`, counters included, is the one that stands there, and so is a table of none but
 * such chains: of a hundred thousand lines that are read every few seconds most are, and what was worked out of a chain
 * need not be worked out again.
 */
export function parseSave(text: string, known: readonly SavedTable[] = []): SavedTable[] {
  const tables: Begun[] = [];
  const earlier = new Map(known.map((table) => [table.name, table]));
  let table: Begun | undefined;
  let quote = -1;
  for (let at = 0; at < text.length; ) {
    if (quote < at) quote = endAt(text, '"', at);
    const block = table ? blockAt(text, at, quote, table.before) : null;
    if (table && block) {
      addBlock(table, block);
      at += block.text.length;
      continue;
    }
    const line = lineAt(text, at);
    at += line.length + 1;
    if (line.startsWith("*")) {
      table = begin(ownCopy(line.slice(1).trim()), earlier);
      tables.push(table);
    } else if (table !== undefined) addLine(table, line);
  }
  return tables.map(ended);
}

/** Of what stays: a piece of the whole text, be it a chain's name, would keep all of that in memory as long as itself. */
const ownCopy = (piece: string): string => Buffer.from(piece).toString();

type Begun = { table: SavedTable; before: SavedTable | undefined };

function begin(name: string, earlier: ReadonlyMap<string, SavedTable>): Begun {
  return { table: { name, chains: new Map() }, before: earlier.get(name) };
}

function addLine({ table: { chains }, before }: Begun, line: string): void {
  if (line.startsWith(":")) {
    const [, declared = "", policy] = CHAIN.exec(line) ?? [];
    const [known, builtIn] = [before?.chains.get(declared), policy !== "-"];
    const name = known?.name ?? ownCopy(declared);
    const isSame = known?.builtIn === builtIn && printed.get(known) === "";
    chains.set(name, isSame ? known : { name, builtIn, rules: [] });
  } else if (line.startsWith("-A ") || line.startsWith("[")) {
    const own = ownCopy(line);
    const { chain, ...rule } = plainRule(own) ?? quotedRule(own);
    const found = chains.get(chain);
    if (found && printed.has(found)) chains.set(chain, { ...found, rules: [...found.rules, rule] });
    else found?.rules.push(rule);
  }
}

/** The table that was known where it is the same one, chain by chain. */
function ended({ table, before }: Begun): SavedTable {
  for (const chain of table.chains.values()) if (chain.rules.length === 0) printed.set(chain, "");
  if (before?.chains.size !== table.chains.size) return table;
  const old = before.chains.values();
  for (const chain of table.chains.values()) if (old.next().value !== chain) return table;
  return before;
}

/** Lines of a chain, one after the other, that hold no quote; `known`: the chain of which these are all. */
type Block = { name: string; text: string; rules: SavedRule[]; known: SavedChain | null };

/** How all the rules of a chain were printed, where none has a quote. Such a chain is never changed. */
const printed = new WeakMap<SavedChain, string>();

/** `quote`: where the next quote stands. */
function blockAt(text: string, at: number, quote: number, before: SavedTable | undefined): Block | null {
  const name = plainChainAt(text, at);
  if (name === null) return null;
  const known = before?.chains.get(name);
  const same = known && printed.get(known);
  if (known && same !== undefined && text.slice(at, at + same.length) === same) {
    const isAll = plainChainAt(text, at + same.length) !== name;
    if (isAll) return { name, text: same, rules: known.rules, known };
  }
  let end = at;
  while (plainChainAt(text, end) === name && endAt(text, "\n", end) < quote) end = endAt(text, "\n", end) + 1;
  if (end === at) return null;
  const own = ownCopy(text.slice(at, end));
  const rules: SavedRule[] = [];
  for (const line of own.replace(/\n$/, "").split("\n")) {
    const rule = plainRule(line);
    if (rule === null) return null;
    const { words, packets, bytes } = rule;
    rules.push({ words, packets, bytes });
  }
  return { name, text: own, rules, known: null };
}

function addBlock({ table: { chains } }: Begun, { name, text, rules, known }: Block): void {
  const declared = chains.get(name);
  if (declared === undefined) return;
  const isFirst = declared.rules.length === 0;
  if (known && isFirst && known.builtIn === declared.builtIn) {
    chains.set(name, known);
    return;
  }
  const chain = { ...declared, rules: [...declared.rules, ...rules] };
  if (isFirst) printed.set(chain, text);
  chains.set(name, chain);
}

/** The chain of the rule whose line begins there, with its counters before it and no quotes around its name. */
function plainChainAt(text: string, at: number): string | null {
  if (text[at] !== "[") return null;
  const end = text.slice(at, at + LONGEST_COUNTERS).indexOf("] -A ");
  const from = at + end + 5;
  if (end < 0 || text[from] === '"') return null;
  const name = text.slice(from, endAt(text, " ", from));
  return name.includes("\n") ? null : name;
}

/** Two numbers of 64 bits, brackets, colon and `-A`. */
const LONGEST_COUNTERS = 48;

/** Where a character stands next, or where the text ends. */
function endAt(text: string, character: string, from: number): number {
  const end = text.indexOf(character, from);
  return end < 0 ? text.length : end;
}

/** `-c packets bytes` of a rule as `-v -S` lists it, before its target. */
const LISTED = /^-A (\S+)(.*?) -c (\d+) (\d+)((?: -[jg] .*)?)$/;

/** The rules of a chain of ours, as `iptables -v -S CHAIN` prints them; null when there is anything else. */
export function parseList(text: string, chain: string): SavedRule[] | null {
  const [declared, ...lines] = text.split("\n").filter((line) => line !== "");
  if (declared !== `-N ${chain}`) return null;
  const rules: SavedRule[] = [];
  for (const line of lines) {
    const [, name, match = "", packets, bytes, target = ""] = LISTED.exec(line) ?? [];
    if (name !== chain) return null;
    rules.push({ words: `${match}${target}`.slice(1), packets: Number(packets), bytes: Number(bytes) });
  }
  return rules;
}

type Line = SavedRule & { chain: string };

/** A rule with its counters, of a chain whose name is not quoted; null for any other. Most are so, a hundred thousand. */
function plainRule(line: string): Line | null {
  const end = line.indexOf("] -A ");
  const colon = line.indexOf(":");
  if (!line.startsWith("[") || end < 0 || colon > end) return null;
  const [from, packets, bytes] = [end + 5, Number(line.slice(1, colon)), Number(line.slice(colon + 1, end))];
  const space = line.indexOf(" ", from);
  if (space <= from || line[from] === '"' || !Number.isFinite(packets + bytes)) return null;
  return { chain: line.slice(from, space), words: line.slice(space + 1), packets, bytes };
}

function quotedRule(line: string): Line {
  const [, packets = "0", bytes = "0", chain = "", words = ""] = RULE.exec(line) ?? [];
  return {
    chain: chain.replace(/^"(.*)"$/, "$1"),
    words,
    packets: Number(packets),
    bytes: Number(bytes),
  };
}

/** More than any value in quotes can be long: a comment has 255 bytes, and each may be escaped. */
const QUOTED = 600;

/** A line; a comment or a prefix with a line break in it is printed as it is, over several. */
function lineAt(text: string, at: number): string {
  const first = endAt(text, "\n", at);
  for (let end = first; end <= text.length; end = endAt(text, "\n", end + 1)) {
    const whole = text.slice(at, end);
    if (!isBegun(whole)) return whole;
    if (end - first > QUOTED || end === text.length) break;
  }
  return text.slice(at, first);
}

/**
 * Does a quoted value go on in the next line? Names of lists (`recent --name`, `--hashlimit-name`) are printed without
 * quotes, so a quote in one opens nothing.
 */
function isBegun(line: string): boolean {
  if (!line.includes('"')) return false;
  const words = wordsOf(line);
  return words.some(
    (word, at) => word.startsWith('"') && !CLOSED.test(word) && /^--(?!.*name$)/.test(words[at - 1] ?? ""),
  );
}

const CLOSED = /^"(?:\\.|[^"\\])*"$/;

/** The words of a rule; what stands in quotes is one word and keeps them. */
export function wordsOf(rule: string): string[] {
  return rule.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
}

/** One space between two words, nothing in quotes. */
const PLAIN = /^[!#-~]+(?: [!#-~]+)*$/;

/** The word behind an option, without quotes: `-j`, `--comment`. Null when the rule does not have it. */
export function wordBehind(rule: string, option: string): string | null {
  // Most rules are plain, and there are a hundred thousand of them.
  if (PLAIN.test(rule)) {
    const at = ` ${rule}`.indexOf(` ${option} `);
    if (at < 0) return null;
    const begin = at + option.length + 1;
    const end = rule.indexOf(" ", begin);
    return rule.slice(begin, end < 0 ? rule.length : end);
  }
  const words = wordsOf(rule);
  const at = words.indexOf(option);
  const word = at < 0 ? undefined : words[at + 1];
  return word === undefined ? null : word.replace(/^"(.*)"$/, "$1");
}

/** The chain or target that a rule jumps or goes to; null for one that only counts. */
export function jumpOf(rule: string): string | null {
  return wordBehind(rule, "-j") ?? wordBehind(rule, "-g");
}

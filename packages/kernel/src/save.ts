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

/** The tables of a text that iptables-save printed. Comments, and lines of no known kind, are passed over. */
export function parseSave(text: string): SavedTable[] {
  const tables: SavedTable[] = [];
  let table: SavedTable | undefined;
  for (const line of linesOf(text)) {
    if (line.startsWith("*")) {
      table = { name: line.slice(1).trim(), chains: new Map() };
      tables.push(table);
    } else if (table !== undefined && line.startsWith(":")) {
      const [, name = "", policy] = CHAIN.exec(line) ?? [];
      table.chains.set(name, { name, builtIn: policy !== "-", rules: [] });
    } else if (table !== undefined && (line.startsWith("-A ") || line.startsWith("["))) {
      const { chain, ...rule } = plainRule(line) ?? quotedRule(line);
      table.chains.get(chain)?.rules.push(rule);
    }
  }
  return tables;
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

/** Lines; a comment or a prefix with a line break in it is printed as it is, over several. */
function linesOf(text: string): string[] {
  const lines: string[] = [];
  let begun: string[] = [];
  for (const line of text.split("\n")) {
    if (begun.length === 0 && !line.includes('"')) {
      lines.push(line);
      continue;
    }
    begun.push(line);
    const whole = begun.join("\n");
    if (!isBegun(whole)) lines.push(whole);
    else if (whole.length - (begun[0]?.length ?? 0) > QUOTED) lines.push(...begun);
    else continue;
    begun = [];
  }
  return [...lines, ...begun];
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

/** What `iptables-save`, `ip6tables-save` and `iptables -S` print, line by line. */
import type { Family } from "../family.ts";
import type { LeftOut } from "./imported.ts";

export type SavedRule = {
  line: number;
  /** The whole line. */
  text: string;
  chain: string;
  /** Behind `-A CHAIN`, quotes taken off. */
  words: string[];
};

export type SavedTable = {
  name: string;
  family: Family;
  /** Line and policy of the chains that were declared; null for one of its own making. */
  chains: Map<string, { line: number; text: string; policy: string | null }>;
  rules: SavedRule[];
};

/** A line with which iptables-save begins something, by which such a text is known. */
const TELLTALE = /^(\*(mangle|filter|nat|raw|security)\s*$|(\[\d+:\d+\] )?-A \S|:\S+ (ACCEPT|DROP|-) \[\d)/m;

export function looksLikeSave(text: string): boolean {
  return TELLTALE.test(text.replaceAll("\r", ""));
}

/** The tables of a text, in order, and the lines that are nothing of iptables. */
export function readSave(text: string): { tables: SavedTable[]; leftOut: LeftOut[] } {
  const tables: SavedTable[] = [];
  const leftOut: LeftOut[] = [];
  let table: SavedTable | null = null;
  let family: Family | null = null;
  const current = () => {
    // `iptables -S` names no table; its reader does.
    table ??= begin("mangle", family, tables);
    return table;
  };
  for (const [index, written] of text.split(/\r\n?|\n/).entries()) {
    const line = index + 1;
    const trimmed = written.trim();
    const words = splitWords(trimmed.replace(/^\[\d+:\d+\]\s*/, ""));
    const [first = "", second = "", third = ""] = words;
    const generated = /^# (?:Generated|Completed|Warning: ip6?tables-\S+ tables)\b(?:.*\b(ip6?)tables)?/.exec(
      trimmed,
    );
    if (trimmed === "") continue;
    if (generated) {
      if (trimmed.startsWith("# Generated")) family = generated[1] === "ip6" ? 6 : 4;
    } else if (/^\*\S+$/.test(trimmed)) table = begin(trimmed.slice(1), family, tables);
    else if (trimmed === "COMMIT") table = null;
    else if (first.startsWith(":")) {
      current().chains.set(first.slice(1), { line, text: trimmed, policy: second === "-" ? null : second });
    } else if (first === "-N") current().chains.set(second, { line, text: trimmed, policy: null });
    else if (first === "-P") current().chains.set(second, { line, text: trimmed, policy: third });
    else if (first === "-A")
      current().rules.push({ line, text: trimmed, chain: second, words: words.slice(2) });
    else leftOut.push({ line, text: trimmed, reason: explainLine(trimmed) });
  }
  return { tables: tables.map(withFamily), leftOut };
}

function begin(name: string, family: Family | null, tables: SavedTable[]): SavedTable {
  // 4 as long as nothing says otherwise, see `withFamily`.
  const table: SavedTable = { name, family: family ?? 4, chains: new Map(), rules: [] };
  tables.push(table);
  return table;
}

/** A table whose rules speak of IPv6 is ip6tables', whether or not a comment said so. */
function withFamily(table: SavedTable): SavedTable {
  const ipv6 = table.rules.some(({ words }) =>
    words.some((word, index) => {
      const option = words[index - 1] ?? "";
      if (/^(-s|-d|--source|--destination|--src|--dst)$/.test(option)) return word.includes(":");
      return option === "-p" && /^(ipv6-icmp|icmpv6|icmp6)$/.test(word);
    }),
  );
  return ipv6 ? { ...table, family: 6 } : table;
}

/** As the shell and iptables-restore split them: quotes hold a word together, a backslash takes the next literally. */
function splitWords(line: string): string[] {
  return [...line.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, double?: string, single?: string) =>
      double === undefined ? (single ?? "") : double.replace(/\\(.)/g, "$1"),
    ),
  );
}

function explainLine(line: string): string {
  if (line.startsWith("#")) return "a comment of its own line";
  if (/^-[IDRFXZE]\b/.test(line))
    return "a command that changes rules; save what it leaves: iptables-save -t mangle";
  return "not a line of iptables-save";
}

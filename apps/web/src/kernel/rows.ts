/** Chains as rows to draw, in the words of `iptables -L -v`, and the search in them. */
import type { KernelChain, KernelRule } from "@flowmgr/flow-api";

export type Row =
  | { kind: "chain"; key: string; chain: KernelChain; shown: number }
  | { kind: "rule"; key: string; chain: KernelChain; rule: KernelRule };

/** Chains and rules that hold all words; a chain whose name holds them shows all its rules. */
export function rowsOf(chains: readonly KernelChain[], search: string): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return chains.flatMap((chain) => chainRows(chain, words));
}

function chainRows(chain: KernelChain, words: readonly string[]): Row[] {
  const name = chain.name.toLowerCase();
  const left = words.filter((word) => !name.includes(word));
  const found = chain.rules.flatMap((rule, index): Row[] =>
    holds(rule, left) ? [{ kind: "rule", key: `${chain.name} ${index}`, chain, rule }] : [],
  );
  if (left.length > 0 && found.length === 0) return [];
  return [{ kind: "chain", key: chain.name, chain, shown: found.length }, ...found];
}

function holds({ text, flow }: KernelRule, words: readonly string[]): boolean {
  const all = `${text} ${flow ?? ""}`.toLowerCase();
  return words.every((word) => all.includes(word));
}

/** A rule's parts: `-d 192.0.2.1/32 -p tcp -j MARK --set-xmark 0x100/0xff00` -> target MARK, and the rest. */
type RuleParts = { target: string; words: string };

/** `iptables -L` marks a jump from which nothing returns so. */
const GOTO = "[goto]";

export function partsOf(text: string): RuleParts {
  const words = text.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  const at = words.findIndex((word) => word === "-j" || word === "-g");
  if (at < 0) return { target: "", words: words.join(" ") };
  const rest = [...words.slice(0, at), ...words.slice(at + 2), ...(words[at] === "-g" ? [GOTO] : [])];
  return { target: words[at + 1] ?? "", words: rest.join(" ") };
}

const UNITS = ["K", "M", "G", "T"] as const;

/** Counts as `iptables -L -v` has them: whole up to 99999, then rounded thousands of four digits: 100K, 9999K, 10M. */
export function shortCount(count: number): string {
  if (count <= 99_999) return String(count);
  let left = Math.round(count / 1000);
  let unit = 0;
  while (left > 9999 && unit < UNITS.length - 1) {
    left = Math.round(left / 1000);
    unit += 1;
  }
  return `${left}${UNITS[unit]}`;
}

/** The row of the chain that an address names: `@mail`, `FLOWS`; -1 when it is not among them. */
export function rowOfChain(rows: readonly Row[], name: string): number {
  return rows.findIndex((row) => row.kind === "chain" && row.chain.name === name);
}

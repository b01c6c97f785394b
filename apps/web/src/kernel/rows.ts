/** Chains as rows to draw, in the words of `iptables -L -v`, and the search in them. */
import type { KernelChain, KernelFamily, KernelRule } from "@flowmgr/flow-api";

export type Row =
  | { kind: "chain"; key: string; chain: KernelChain; shown: number }
  | {
      kind: "rule";
      key: string;
      chain: KernelChain;
      rule: KernelRule;
      /** Lists that the sets of the rule are. */
      lists: readonly string[];
    };

type Listed = Pick<KernelFamily, "chains"> & { sets?: KernelFamily["sets"] };

/**
 * Chains and rules that hold all words; a chain whose name holds them shows all its rules, and a rule that asks for a
 * set holds the name of its list: `@office`.
 */
export function rowsOf({ chains, sets = [] }: Listed, search: string): Row[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const lists = new Map(sets.map((set) => [set.name, set.lists]));
  return chains.flatMap((chain) => chainRows(chain, lists, words));
}

function chainRows(
  chain: KernelChain,
  listsOf: ReadonlyMap<string, readonly string[]>,
  words: readonly string[],
): Row[] {
  const name = chain.name.toLowerCase();
  const left = words.filter((word) => !name.includes(word));
  const found = chain.rules.flatMap((rule, index): Row[] => {
    const lists = listsOf.size === 0 ? [] : setsIn(rule).flatMap((set) => listsOf.get(set) ?? []);
    return holds(rule, lists, left)
      ? [{ kind: "rule", key: `${chain.name} ${index}`, chain, rule, lists }]
      : [];
  });
  if (left.length > 0 && found.length === 0) return [];
  return [{ kind: "chain", key: chain.name, chain, shown: found.length }, ...found];
}

/** `-m set ! --match-set flowmgr-4-0123456789abcdef src` */
function setsIn({ text }: KernelRule): string[] {
  return [...text.matchAll(/--match-set (\S+)/g)].map((found) => found[1] ?? "");
}

function holds({ text, flow }: KernelRule, lists: readonly string[], words: readonly string[]): boolean {
  const named = lists.map((list) => ` @${list}`).join("");
  const all = `${text} ${flow ?? ""}${named}`.toLowerCase();
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

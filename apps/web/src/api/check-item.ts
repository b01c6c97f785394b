/** What is wrong with one item of the draft, in no more time than that item takes, be the draft ever so long. */
import {
  type Config,
  check,
  type Diagnostic,
  type Item,
  type List,
  listNamed,
  listsOf,
} from "@flowmgr/flow-model";

/** The language's check of an item among the lists that it names; paths begin with the item: `/rules/0`. */
export function checkItem(item: Item, config: Config): Diagnostic[] {
  return ofItem(check({ items: [item, ...listsBehind(item, config)], comment: [] }), 0);
}

/** Those of the item at `index`; paths begin with the item. */
export function ofItem(diagnostics: readonly Diagnostic[], index: number): Diagnostic[] {
  return below(diagnostics, `/items/${index}`);
}

/** Those of one part; their paths begin with it. */
export function below(diagnostics: readonly Diagnostic[], prefix: string): Diagnostic[] {
  return diagnostics
    .filter(({ path }) => path === prefix || path?.startsWith(`${prefix}/`))
    .map((one) => ({ ...one, path: one.path?.slice(prefix.length) ?? "" }));
}

/** The lists that an item names, and those that they name, each once; never the item itself. */
export function listsBehind(item: Item, config: Config): List[] {
  const wanted = [...named(valuesIn(item))];
  if (wanted.length === 0) return [];
  const lists = new Map(listsOf(config).map((list) => [list.name, list]));
  const own = item.kind === "list" ? item.name : null;
  const found = new Map<string, List>();
  for (const name of wanted) {
    const list = lists.get(name);
    if (!list || found.has(name) || name === own) continue;
    found.set(name, list);
    wanted.push(...named(list.values));
  }
  return [...found.values()];
}

function named(values: readonly string[]): Set<string> {
  return new Set(values.flatMap((value) => listNamed(value) ?? []));
}

function valuesIn(item: Item): string[] {
  if (item.kind === "list") return item.values;
  const all = item.kind === "expect" ? [item.conditions] : item.rules.map(({ conditions }) => conditions);
  return all.flatMap((conditions) => Object.values(conditions).flatMap(({ values }) => values));
}

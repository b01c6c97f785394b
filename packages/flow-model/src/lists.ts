/**
 * Named lists: `list office { 10.0.0.0/8, @branch }`, named by `src @office`.
 *
 * What judges packets knows no names: it works on the config as `expandLists` gives it. What people read (the text,
 * the page, a sentence of the tester) keeps the names.
 */
import { parseAddress } from "./address.ts";
import { CONDITION_KINDS, type ConditionKind, flowsOf } from "./config.ts";
import { keyOf } from "./item-key.ts";
import { listNamed, orderLists } from "./list-order.ts";
import { parsePorts } from "./ports.ts";
import type { Condition, Conditions, Config, Item, List } from "./schema.ts";

export { listNamed };

export type ListKind = "addresses" | "ports";

/** Where a list is named: in another list, in a condition of a flow's rule, counted from 1, or of an expectation (its key). */
export type ListUse =
  | { list: string }
  | { flow: string; rule: number; kind: ConditionKind }
  | { expect: string; kind: ConditionKind };

/** What the lists that a condition may name hold; null for conditions that name none. */
export function listKindOf(kind: ConditionKind): ListKind | null {
  if (kind === "src" || kind === "dst") return "addresses";
  return kind === "srcport" || kind === "dstport" ? "ports" : null;
}

/** The lists of a config, in order. */
export function listsOf(config: Config): List[] {
  return config.items.filter((item) => item.kind === "list");
}

/** What a value that is no reference is; null for one that is neither, such as a typing error. */
export function kindOfValue(value: string): ListKind | null {
  if ("ok" in parsePorts(value)) return "ports";
  return "ok" in parseAddress(value) ? "addresses" : null;
}

/** Of two lists with one name the first counts, as in `check`'s complaint about the second. */
export function listsByName(config: Config): Map<string, List> {
  const lists = new Map<string, List>();
  for (const list of listsOf(config)) if (!lists.has(list.name)) lists.set(list.name, list);
  return lists;
}

/**
 * What each list holds, by name: decided by its first value that says so, its own before those of lists that it
 * names. Null where nothing does: an empty list, one with bad values only, one that is part of a cycle.
 */
export function listKinds(config: Config): Map<string, ListKind | null> {
  const lists = listsByName(config);
  const kinds = new Map<string, ListKind | null>();
  for (const name of orderLists(lists).keys()) {
    const values = lists.get(name)?.values ?? [];
    const kindOfNamed = (value: string) => kinds.get(listNamed(value) ?? "") ?? null;
    kinds.set(name, first(values, kindOfOwn) ?? first(values, kindOfNamed));
  }
  return kinds;
}

const kindOfOwn = (value: string) => (listNamed(value) === null ? kindOfValue(value) : null);

function first<T>(values: readonly string[], of: (value: string) => T | null): T | null {
  for (const value of values) {
    const found = of(value);
    if (found !== null) return found;
  }
  return null;
}

/** Where each list is named, by its name: lists that nobody names with no uses, unknown names too. */
export function usesOf(config: Config): Map<string, ListUse[]> {
  const uses = new Map<string, ListUse[]>(listsOf(config).map(({ name }) => [name, []]));
  const add = (values: readonly string[], use: ListUse) => {
    for (const value of new Set(values)) {
      const name = listNamed(value);
      if (name === null) continue;
      const others = uses.get(name);
      if (others) others.push(use);
      else uses.set(name, [use]);
    }
  };
  for (const { name, values } of listsOf(config)) add(values, { list: name });
  const addEach = (conditions: Conditions, use: { flow: string; rule: number } | { expect: string }) => {
    for (const kind of CONDITION_KINDS) {
      if (listKindOf(kind)) add(conditions[kind]?.values ?? [], { ...use, kind });
    }
  };
  for (const flow of flowsOf(config)) {
    for (const [index, { conditions }] of flow.rules.entries())
      addEach(conditions, { flow: flow.name, rule: index + 1 });
  }
  for (const item of config.items) {
    if (item.kind === "expect") addEach(item.conditions, { expect: keyOf(item) });
  }
  return uses;
}

/** Keyed by the config itself: it is a value, nothing changes it in place. */
const expanded = new WeakMap<Config, Config>();

/**
 * The config with each reference replaced by the values of its list, each once; a list that does not exist or holds
 * itself adds none. Conditions whose values all vanish stay, and hold never. Items keep their places, and what names
 * no list is shared: the same config when nothing does.
 */
export function expandLists(config: Config): Config {
  let result = expanded.get(config);
  if (!result) {
    result = expand(config);
    expanded.set(config, result);
    expanded.set(result, result);
  }
  return result;
}

/** Items that name no list, whatever lists there are: of ten thousand flows an edit looks through one. */
const plain = new WeakSet<Item>();

function expand(config: Config): Config {
  const lists = listsByName(config);
  const expand = expander(lists);
  let first: Item | undefined = lists.get(expand.tooLarge ?? "");
  const items = mapSame(config.items, (item) => {
    if (plain.has(item)) return item;
    const made = expandItem(item, expand.valuesOf);
    if (expand.isTooLarge()) first ??= item;
    if (made === item) plain.add(item);
    return made;
  });
  const result = items === config.items ? config : { ...config, items };
  if (first) tooLarge.set(config, config.items.indexOf(first));
  return result;
}

/** Most values that expanding a config may copy: a chain of lists that each add one grows with its square. */
export const MOST_EXPANDED = 1_000_000;

const tooLarge = new WeakMap<Config, number>();

/**
 * The index of the item with which lists hold so much of each other that `expandLists` left some out; null where
 * nothing was. `check` refuses it.
 */
export function tooLargeItem(config: Config): number | null {
  expandLists(config);
  return tooLarge.get(config) ?? null;
}

type Expand = (values: string[]) => string[];

type Expander = {
  valuesOf: Expand;
  isTooLarge: () => boolean;
  /** The list with which the lists by themselves became too large. */
  tooLarge: string | null;
};

/** Keyed by the values as written, or what is known of a list's addresses would be forgotten at an edit elsewhere. */
const once = new WeakMap<string[], string[]>();

/** Each value of a list once: the same array where none is there twice. */
function eachOnce(values: string[]): string[] {
  let found = once.get(values);
  if (!found) {
    const each = new Set(values);
    found = each.size === values.length ? values : [...each];
    once.set(values, found);
  }
  return found;
}

/** Replaces references; each list is expanded once, however many name it. */
function expander(lists: ReadonlyMap<string, List>): Expander {
  const known = new Map<string, string[]>();
  /** What has been found for the lists themselves, by their values as written. */
  const ofLists = new Map<string[], string[]>();
  const groups = orderLists(lists);
  let left = MOST_EXPANDED;
  /** `group`: the list's own, whose other members it cannot hold without holding itself. */
  const valuesOf = (values: string[], group: number | null): string[] => {
    if (!values.some((value) => listNamed(value) !== null)) return values;
    const listed = (value: string): string[] | null => {
      const name = listNamed(value);
      if (name === null) return null;
      return groups.get(name) === group ? [] : eachOnce(known.get(name) ?? []);
    };
    // What names one list and nothing else shares its values.
    const [only] = values;
    if (values.length === 1 && only !== undefined) return listed(only) ?? values;
    left -= values.reduce((sum, value) => sum + (listed(value)?.length ?? 0), 0);
    return [...new Set(values.flatMap((value) => (left < 0 ? [] : (listed(value) ?? value))))];
  };
  let tooLarge: string | null = null;
  for (const [name, group] of groups) {
    const values = lists.get(name)?.values ?? [];
    const all = valuesOf(values, group);
    known.set(name, all);
    ofLists.set(values, all);
    if (left < 0) tooLarge ??= name;
  }
  return {
    valuesOf: (values) => ofLists.get(values) ?? valuesOf(values, null),
    isTooLarge: () => left < 0,
    tooLarge,
  };
}

function expandItem<T extends Item>(item: T, valuesOf: Expand): T {
  if (item.kind === "list") {
    const values = valuesOf(item.values);
    return values === item.values ? item : { ...item, values };
  }
  if (item.kind === "expect") {
    const conditions = expandConditions(item.conditions, valuesOf);
    return conditions === item.conditions ? item : { ...item, conditions };
  }
  const rules = mapSame(item.rules, (rule) => {
    const conditions = expandConditions(rule.conditions, valuesOf);
    return conditions === rule.conditions ? rule : { ...rule, conditions };
  });
  return rules === item.rules ? item : { ...item, rules };
}

/** The item with references written anew, `names` from old to new; the same item when it has none of them. */
export function renameReferences<T extends Item>(item: T, names: ReadonlyMap<string, string>): T {
  const renamed: Expand = (values) =>
    mapSame(values, (value) => {
      const name = names.get(listNamed(value) ?? "");
      return name === undefined ? value : `@${name}`;
    });
  return expandItem(item, renamed);
}

/** The same array when nothing in it changed: of ten thousand flows, few name a list. */
function mapSame<T>(all: T[], to: (one: T) => T): T[] {
  let changed: T[] | null = null;
  for (let index = 0; index < all.length; index += 1) {
    const one = all[index];
    if (one === undefined) continue;
    const mapped = to(one);
    if (mapped === one) continue;
    changed ??= [...all];
    changed[index] = mapped;
  }
  return changed ?? all;
}

function expandConditions(conditions: Conditions, valuesOf: Expand): Conditions {
  let changed = conditions;
  for (const kind of CONDITION_KINDS) {
    const condition: Condition | undefined = conditions[kind];
    if (!condition || !listKindOf(kind)) continue;
    const values = valuesOf(condition.values);
    if (values !== condition.values) changed = { ...changed, [kind]: { ...condition, values } };
  }
  return changed;
}

/**
 * What changed between two configs, item by item, and the one sentence that stands above a review.
 *
 * Flows are paired by name; one that went and one that came with the same content are one that was renamed. What
 * moved is the least number of flows that explains the new order, so that one flow put to the top is one move and
 * not a move of all others. What names a list is as it was when the list changes, or its name. An expectation is what
 * it says: one that says something else is another one.
 */
import { isExpectKey, keyOf } from "./item-key.ts";
import { listNamed, renameReferences } from "./lists.ts";
import { printItem, printPolicy, printRule } from "./printer.ts";
import type { Config, Item } from "./schema.ts";

export type Change =
  | "added"
  | "removed"
  | "changed"
  | "moved"
  | "switched-on"
  | "switched-off"
  /** Only its comments or notes. */
  | "commented";

/** `name`: a list's is `@office`, an expectation's its text (`keyOf`); `was`: the name before, when it was renamed. */
export type FlowChange = { name: string; change: Change; was?: string };

export type Changes = { changes: FlowChange[]; headline: string };

/**
 * The changes from one config to another: in the order of the new one, then what was removed. A flow that was moved
 * and changed is named twice, "moved" first; a rename stands behind everything else of its flow; "changed" includes a
 * switch or comments. Takes a fraction of a second for ten thousand flows, and next to nothing for flows that both
 * configs share, or when it was asked before.
 */
export function changes(before: Config, after: Config): Changes {
  const found = compared.get(before)?.get(after) ?? compare(before, after);
  if (!compared.has(before)) compared.set(before, new WeakMap());
  compared.get(before)?.set(after, found);
  return found;
}

/** Many ask what differs of the same two configs, and configs are values. */
const compared = new WeakMap<Config, WeakMap<Config, Changes>>();

function compare(before: Config, after: Config): Changes {
  if (before === after) return { changes: [], headline: NONE };
  const lists = pairUp(itemsOf(before, isList), itemsOf(after, isList));
  const names = renamedLists(lists.pairs);
  const others = pairUp(itemsOf(before, isNoList), itemsOf(after, isNoList, names));
  const pairs = [...lists.pairs, ...others.pairs].sort((a, b) => a.index - b.index);
  const removed = [...lists.removed, ...others.removed].sort((a, b) => a.index - b.index);
  const moved = movedOf(pairs);
  const found: FlowChange[] = [];
  for (const pair of pairs) {
    if (moved.has(pair)) found.push({ name: pair.name, change: "moved", ...underOldList(pair) });
    found.push(...changesOf(pair, names));
  }
  for (const { name } of removed) found.push({ name, change: "removed" });
  const commented = commentsOf(before.comment) !== commentsOf(after.comment);
  return { changes: found, headline: headlineOf(found, commented) };
}

/** `by`: what it is paired by. */
type Named = { name: string; by: string; item: Item; index: number };
type Pair = Named & { old: Named | null };

const isList = ({ kind }: Item) => kind === "list";
const isNoList = ({ kind }: Item) => kind !== "list";

/** The items of a kind, numbered; expectations by what they said before the lists that they name were renamed. */
function itemsOf(
  { items }: Config,
  wanted: (item: Item) => boolean,
  names?: ReadonlyMap<string, string>,
): Named[] {
  return items.flatMap((item, index) => {
    if (!wanted(item)) return [];
    const name = keyOf(item);
    const renames = item.kind === "expect" && names !== undefined && names.size > 0;
    return [{ name, by: renames ? keyOf(renameReferences(item, names)) : name, item, index }];
  });
}

function pairUp(before: readonly Named[], after: readonly Named[]): { pairs: Pair[]; removed: Named[] } {
  const byName = groupBy(before, ({ by }) => by);
  // Names are unique in a config that `check` passes; in another, twins are paired in order.
  const pairs = after.map((item): Pair => ({ ...item, old: byName.get(item.by)?.shift() ?? null }));
  const gone = new Set([...byName.values()].flat());
  const byContent = groupBy(gone, ({ item }) => contentOf(item).meaning);
  for (const pair of pairs) {
    if (pair.old || gone.size === 0) continue;
    pair.old = byContent.get(contentOf(pair.item).meaning)?.shift() ?? null;
    if (pair.old) gone.delete(pair.old);
  }
  return { pairs, removed: [...gone] };
}

function groupBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/** The names of lists that were renamed, from new to old. */
function renamedLists(pairs: readonly Pair[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { item, old } of pairs) {
    if (item.kind === "list" && old?.item.kind === "list" && item.name !== old.item.name)
      names.set(item.name, old.item.name);
  }
  return names;
}

/** A flow that was renamed and switched, or commented anew, is named twice: the new name alone would hide the other. */
function changesOf(pair: Pair, names: ReadonlyMap<string, string>): FlowChange[] {
  const { name, item, old } = pair;
  if (!old) return [{ name, change: "added" }];
  const renamed: FlowChange[] =
    old.name === name || item.kind === "expect" ? [] : [{ name, change: "changed", was: old.name }];
  if (old.item === item) return renamed;
  const [one, other] = whereTheyDiffer(old.item, names.size > 0 ? renameReferences(item, names) : item);
  const [from, to] = [contentOf(one), contentOf(other)];
  if (from.meaning !== to.meaning) return [{ name, change: "changed" }];
  if (from.skipped !== to.skipped)
    return [{ name, change: to.skipped ? "switched-off" : "switched-on" }, ...renamed];
  return from.comments === to.comments
    ? renamed
    : [{ name, change: "commented", ...underOldList(pair) }, ...renamed];
}

/** Two lists without the values that both begin or end with: of 100 000 only those in between are put into words. */
function whereTheyDiffer(one: Item, other: Item): [Item, Item] {
  if (one.kind !== "list" || other.kind !== "list") return [one, other];
  const [before, after] = [one.values, other.values];
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [
    { ...one, values: before.slice(start, before.length - end) },
    { ...other, values: after.slice(start, after.length - end) },
  ];
}

/** An expectation reads otherwise once a list that it names is renamed: what it was called before. */
function underOldList({ name, item, old }: Pair): { was?: string } {
  return item.kind === "expect" && old && old.name !== name ? { was: old.name } : {};
}

/** `meaning`: all that decides packets but name and switch, in canonical words. */
type Content = { meaning: string; skipped: boolean; comments: string };

/** Keyed by the item itself: a config is a value, nothing changes it in place. */
const known = new WeakMap<Item, Content>();

function contentOf(item: Item): Content {
  let content = known.get(item);
  if (!content) {
    content = readContent(item);
    known.set(item, content);
  }
  return content;
}

function readContent(item: Item): Content {
  if (item.kind !== "flow" && item.kind !== "outflow") {
    const { comment, note } = item;
    const bare = { ...item, comment: [], note: "" };
    const meaning = printItem(bare.kind === "list" ? { ...bare, name: "" } : bare);
    return { meaning, skipped: false, comments: commentsOf([note, ...comment]) };
  }
  const { kind, policy, skipped, note, comment, rules } = item;
  const words = rules.map((rule) => printRule({ ...rule, note: "" }));
  return {
    meaning: [kind, printPolicy({ policy, skipped: false }), ...words].join("\n"),
    skipped,
    comments: [[note, ...comment], ...rules.map((rule) => [rule.note, ...rule.comment])]
      .map(commentsOf)
      .join(),
  };
}

const commentsOf = (lines: readonly string[]) => JSON.stringify(lines);

/** Pairs that changed their place. Only flows decide an order, so no flow moves because a list or expectation did. */
function movedOf(pairs: readonly Pair[]): ReadonlySet<Pair> {
  const both = pairs.filter((pair) => pair.old !== null);
  const ofKind = (wanted: (kind: Item["kind"]) => boolean) => both.filter(({ item }) => wanted(item.kind));
  const flows = ofKind((kind) => kind === "flow" || kind === "outflow");
  const beside = [ofKind((kind) => kind === "list"), ofKind((kind) => kind === "expect")];
  const moved = new Set([flows, ...beside].flatMap(outsideOf));
  if (flows.length === both.length) return moved;
  const stayed = new Set(flows.filter((flow) => !moved.has(flow)));
  const [before, after] = [both.toSorted((a, b) => indexBefore(a) - indexBefore(b)), both].map((order) =>
    flowsAbove(order, stayed),
  );
  for (const pair of beside.flat()) if (before?.get(pair) !== after?.get(pair)) moved.add(pair);
  return moved;
}

const indexBefore = ({ old }: Pair) => old?.index ?? 0;

/** Pairs that stand outside the longest run of pairs that kept their order. */
function outsideOf(pairs: readonly Pair[]): Pair[] {
  const stayed = new Set(longestIncreasing(pairs.map(indexBefore)));
  return pairs.filter((_, position) => !stayed.has(position));
}

/** How many of the flows stand above each pair. */
function flowsAbove(order: readonly Pair[], flows: ReadonlySet<Pair>): Map<Pair, number> {
  let count = 0;
  return new Map(order.map((pair) => [pair, flows.has(pair) ? count++ : count]));
}

/** Positions of a longest increasing subsequence (patience sorting, O(n log n)). */
export function longestIncreasing(numbers: readonly number[]): number[] {
  // tails[k]: position of the smallest number that ends an increasing run of k + 1; before[i]: what stands before i.
  const tails: number[] = [];
  const before: number[] = [];
  for (const [position, number] of numbers.entries()) {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((numbers[tails[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    before.push(low === 0 ? -1 : (tails[low - 1] ?? -1));
    tails[low] = position;
  }
  const run: number[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) run.push(at);
  return run.reverse();
}

const NONE = "No change";

/** In the order in which a headline names them. */
const WORDS: readonly [(change: FlowChange) => boolean, string][] = [
  [({ change }) => change === "added", "added"],
  [({ change }) => change === "removed", "removed"],
  [({ change, was }) => change === "changed" && was === undefined, "changed"],
  [({ change, was }) => change === "changed" && was !== undefined, "renamed"],
  [({ change }) => change === "moved", "moved"],
  [({ change }) => change === "switched-on", "switched on"],
  [({ change }) => change === "switched-off", "switched off"],
  [({ change }) => change === "commented", "commented"],
];

/** "1 flow added, 1 switched off, 2 lists changed; nothing else changes". */
function headlineOf(found: readonly FlowChange[], commented: boolean): string {
  const lists = found.filter(({ name }) => listNamed(name) !== null);
  const expectations = found.filter(({ name }) => isExpectKey(name));
  const flows = found.filter(({ name }) => listNamed(name) === null && !isExpectKey(name));
  const parts = [
    ...countedIn(flows, "flow"),
    ...countedIn(lists, "list"),
    ...countedIn(expectations, "expectation"),
  ];
  if (parts.length === 0) return commented ? "Only comments change" : NONE;
  return `${parts.join(", ")}; nothing else changes`;
}

/** "1 flow added", "1 switched off": the first says of what. */
function countedIn(found: readonly FlowChange[], what: string): string[] {
  const counts = WORDS.map(([is, word]) => ({ count: found.filter(is).length, word }));
  return counts
    .filter(({ count }) => count > 0)
    .map(({ count, word }, index) => {
      const number = count.toLocaleString("en");
      if (index > 0) return `${number} ${word}`;
      return `${number} ${count === 1 ? what : `${what}s`} ${word}`;
    });
}

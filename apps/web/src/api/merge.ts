/** Two people changed one item: field by field and rule by rule, what only one of them changed is what both want. */
import type { Flow, Item, Rule } from "@flowmgr/flow-model";
import { replaceEqualDeep } from "@tanstack/react-query";

/** `null` for an item that is not there. */
export type ItemChange = { key: string; before: Item | null; after: Item | null };

/** `reason` follows the item's name: "mail: both changed its policy". */
type Merged = { item: Item | null } | { reason: string };

/** `change` done to an item that may have become another one than the change was made for. */
export function mergeItem({ before, after }: ItemChange, now: Item | null): Merged {
  if (same(now, before) || same(now, after)) return { item: after };
  if (!now) return { reason: "it was removed meanwhile" };
  if (!before) return { reason: "something else of this name was added" };
  if (!after) return { reason: "it was changed meanwhile" };
  if (isFlow(before) && isFlow(after) && isFlow(now)) return mergeFlow(before, after, now);
  return { reason: "both changed it" };
}

const isFlow = (item: Item): item is Flow => item.kind === "flow" || item.kind === "outflow";

function mergeFlow(before: Flow, after: Flow, now: Flow): Merged {
  const both: string[] = [];
  function either<T>(was: T, mine: T, theirs: T, what: string): T {
    if (same(was, mine)) return theirs;
    if (!same(was, theirs) && !same(mine, theirs)) both.push(what);
    return mine;
  }
  const pick = <K extends keyof Flow>(field: K, what: string): Flow[K] =>
    either(before[field], after[field], now[field], what);
  const paired = [after, now].every(({ rules }) => rules.length === before.rules.length);
  const rules = paired
    ? after.rules.map(
        (rule, at) =>
          either<Rule | undefined>(before.rules[at], rule, now.rules[at], `rule ${at + 1}`) ?? rule,
      )
    : pick("rules", "its rules");
  const item: Flow = {
    kind: pick("kind", "its direction"),
    name: after.name,
    policy: pick("policy", "its policy"),
    skipped: pick("skipped", "its switch"),
    comment: pick("comment", "its comment"),
    note: pick("note", "its note"),
    rules,
  };
  return both.length === 0 ? { item } : { reason: `both changed ${both.join(" and ")}` };
}

/** Equal in content; quick for what is shared. */
export function same(one: unknown, other: unknown): boolean {
  return one === other || replaceEqualDeep(one, other) === one;
}

/**
 * What lies between two configs, as values on names. A step of the undo list is one; put on a config that somebody
 * else changed meanwhile it does its part and leaves theirs, or says of which item it cannot.
 */
import { type Config, type Item, keyOf, longestIncreasing } from "@flowmgr/flow-model";
import { type ItemChange, mergeItem, same } from "./merge.ts";

/** Where an item stands: behind and before which ones. Null at an end. */
type Place = { key: string; behind: string | null; before: string | null };

export type Patch = {
  items: ItemChange[];
  /** Those that came or moved, in the new order. */
  to: Place[];
  /** Those that went or moved, in the old order. */
  from: Place[];
  /** The comment at the end of the config. */
  comment: { before: string[]; after: string[] } | null;
};

/** An item that both sides changed. `mine` is what the patch made of `before`; `reason` continues the item's name. */
export type Clash = { key: string; reason: string; before: Item | null; mine: Item | null };

/** What made `after` of `before`. */
export function difference(before: Config, after: Config): Patch {
  const old = keyed(before);
  const now = keyed(after);
  const items: ItemChange[] = [];
  for (const [key, item] of now) {
    const was = old.get(key) ?? null;
    if (!was || !same(was, item)) items.push({ key, before: was, after: item });
  }
  for (const [key, item] of old) if (!now.has(key)) items.push({ key, before: item, after: null });
  const moved = movedOf([...old.keys()], [...now.keys()]);
  return {
    items,
    to: placesOf([...now.keys()], (key) => moved.has(key) || !old.has(key)),
    from: placesOf([...old.keys()], (key) => moved.has(key) || !now.has(key)),
    comment: same(before.comment, after.comment) ? null : { before: before.comment, after: after.comment },
  };
}

/** The patch that takes this one back. */
export function inverse({ items, to, from, comment }: Patch): Patch {
  return {
    items: items.map(({ key, before, after }) => ({ key, before: after, after: before })),
    to: from,
    from: to,
    comment: comment && { before: comment.after, after: comment.before },
  };
}

/** Two patches, one made after the other, as one; `between` is the config that the first led to. */
export function composed(between: Config, first: Patch, second: Patch): Patch {
  return difference(patched(between, inverse(first)).config, patched(between, second).config);
}

export function isEmpty({ items, to, from, comment }: Patch): boolean {
  return items.length + to.length + from.length === 0 && comment === null;
}

/** The patch made on `config`: all of it that does not clash with what the config became meanwhile. */
export function patched(config: Config, patch: Patch): { config: Config; clashes: Clash[] } {
  const items = keyed(config);
  const clashes: Clash[] = [];
  for (const change of patch.items) {
    const merged = mergeItem(change, items.get(change.key) ?? null);
    const { key, before, after: mine } = change;
    if ("reason" in merged) clashes.push({ key, reason: merged.reason, before, mine });
    else if (merged.item) items.set(change.key, merged.item);
    else items.delete(change.key);
  }
  const order = placed([...items.keys()], patch.to);
  const next = order.flatMap((key) => items.get(key) ?? []);
  return {
    config: { items: next, comment: commentOf(config, patch) },
    clashes,
  };
}

/** Whether both say the same; quick for configs that share their items. */
export function sameConfig(one: Config, other: Config): boolean {
  if (one === other) return true;
  const { items } = other;
  return (
    one.items.length === items.length &&
    one.items.every((item, index) => same(item, items[index])) &&
    same(one.comment, other.comment)
  );
}

function commentOf({ comment }: Config, patch: Patch): string[] {
  return patch.comment && same(comment, patch.comment.before) ? patch.comment.after : comment;
}

/** By what edits call them; twins are numbered. */
function keyed({ items }: Config): Map<string, Item> {
  const known = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    let unique = key;
    for (let count = 2; known.has(unique); count += 1) unique = `${key} ${count}`;
    known.set(unique, item);
  }
  return known;
}

/** The least number of keys whose moving explains the new order. */
function movedOf(old: string[], now: string[]): ReadonlySet<string> {
  const position = new Map(old.map((key, index) => [key, index]));
  const both = now.filter((key) => position.has(key));
  const stayed = new Set(longestIncreasing(both.map((key) => position.get(key) ?? 0)));
  return new Set(both.filter((_, index) => !stayed.has(index)));
}

function placesOf(order: string[], wanted: (key: string) => boolean): Place[] {
  return order.flatMap((key, index) =>
    wanted(key) ? [{ key, behind: order[index - 1] ?? null, before: order[index + 1] ?? null }] : [],
  );
}

/** `keys` in order, those that `places` names put where it says, or as near as what is left allows. */
function placed(keys: string[], places: Place[]): string[] {
  const there = new Set(keys);
  const moving = places.filter(({ key }) => there.has(key));
  if (moving.length === 0) return keys;
  const names = new Set(moving.map(({ key }) => key));
  const rest = keys.filter((key) => !names.has(key));
  const index = new Map(rest.map((key, at) => [key, at]));
  const followers = new Map<string | null, string[]>();
  for (const { key, behind, before } of moving) {
    const next = before === null ? undefined : index.get(before);
    const last = rest.at(-1) ?? null;
    const anchor =
      behind === null || there.has(behind) ? behind : next === undefined ? last : (rest[next - 1] ?? null);
    followers.set(anchor, [...(followers.get(anchor) ?? []), key]);
  }
  const order: string[] = [];
  for (const start of [null, ...rest]) {
    const stack = [start];
    for (let key = stack.pop(); key !== undefined; key = stack.pop()) {
      if (key !== null) order.push(key);
      stack.push(...(followers.get(key) ?? []).toReversed());
    }
  }
  return order;
}

/** What items are called by edits and in what is told of changes. */
import { printExpect } from "./printer.ts";
import type { Item } from "./schema.ts";

/**
 * A flow's name, `@name` of a list; an expectation has no name and is called by what it says: its line in canonical
 * form without note and comments, `expect deny dstport 22`. No name holds a space, so these never meet.
 */
export function keyOf(item: Item): string {
  if (item.kind === "list") return `@${item.name}`;
  if (item.kind !== "expect") return item.name;
  const key = known.get(item) ?? printExpect({ ...item, note: "" });
  known.set(item, key);
  return key;
}

/** Keyed by the item itself: a config is a value, nothing changes it in place. */
const known = new WeakMap<Item, string>();

/** Does a key call an expectation? */
export function isExpectKey(key: string): boolean {
  return key.startsWith("expect ");
}

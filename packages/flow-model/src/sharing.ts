/** Configs that have items in common: what is remembered of an item is known in every config that has it. */
import { keyOf } from "./item-key.ts";
import type { Config } from "./schema.ts";

/**
 * `next` with the items of `known` wherever both say the same, called by the same name. Each is taken once: what is there
 * twice is two items, and the second of a name is told apart from the first by not being it.
 */
export function sharing(known: Config, next: Config): Config {
  const named = new Map(known.items.map((item) => [keyOf(item), item]));
  const items = next.items.map((item) => {
    const key = keyOf(item);
    const same = named.get(key);
    if (!same || !saysTheSame(same, item)) return item;
    named.delete(key);
    return same;
  });
  return { ...next, items };
}

/** Deep equality of what JSON can hold. */
export function saysTheSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && saysTheSame(a[key], b[key]))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

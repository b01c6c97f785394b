/** What becomes of an item that somebody has typed: edits of the draft, or something to keep beside it. */
import { type Config, type Diagnostic, type Edit, type Item, keyOf } from "@flowmgr/flow-model";
import { checkItem } from "./check-item.ts";
import { mergeItem, same } from "./merge.ts";

type Typed<T extends Item> = {
  config: Config;
  /** The draft's item. */
  inDraft: T;
  /** The draft's item that `next` was typed over: another one when somebody changed it meanwhile. */
  base: T;
  next: T;
  /** Made in the same step, and seen by the item: a list that it names from now on. */
  before: Edit[];
  /** What else is wrong with an item. */
  among: (item: T) => Diagnostic[];
};

/** `kept`: something is wrong with the item, so that it stays out of the draft; what it names is made all the same. */
export function outcomeOf<T extends Item>(typed: Typed<T>): { edits: Edit[]; kept: boolean } {
  const { config, inDraft, base, next, before, among } = typed;
  const { item } = onTop(base, next, inDraft);
  const wrong = [...checkItem(item, withEdits(config, before)), ...among(next)];
  if (wrong.some(({ severity }) => severity === "error")) return { edits: before, kept: true };
  return { edits: same(item, inDraft) ? before : [...before, ...steps(inDraft, item)], kept: false };
}

/**
 * `mine`, typed over `base`, on what the draft's item is by now: what only they changed stays. `replaces` where both
 * changed the same: then it is mine as it is.
 */
export function onTop(base: Item, mine: Item, now: Item): { item: Item; replaces: boolean } {
  const merged = mergeItem({ key: "", before: base, after: mine }, now);
  return "item" in merged && merged.item
    ? { item: merged.item, replaces: false }
    : { item: mine, replaces: true };
}

/** The edits from one to the other; a new name goes first and by itself, so that what names the item follows. */
function steps(from: Item, to: Item): Edit[] {
  const [was, is] = [keyOf(from), keyOf(to)];
  if (was === is || to.kind === "expect") return [{ do: "change", name: was, item: to }];
  return [
    { do: "rename", name: was, to: to.name },
    { do: "change", name: is, item: to },
  ];
}

function withEdits(config: Config, edits: readonly Edit[]): Config {
  const added = edits.flatMap((one) => (one.do === "add" ? [one.item] : []));
  return added.length === 0 ? config : { ...config, items: [...config.items, ...added] };
}

/** What both changed, decided for mine. */
import { type Config, type Edit, edit, keyOf } from "@flowmgr/flow-model";
import { type Clash, difference, type Patch, patched } from "./patch.ts";

/**
 * The edit that makes an item what mine is; theirs is what stands there. An item that they removed comes back where it
 * stood: `theirs` are their changes, the latest last.
 */
export function mineInstead(config: Config, { key, mine }: Clash, theirs: readonly Patch[]): Edit {
  if (!mine) return { do: "remove", name: key };
  const there = new Set(config.items.map(keyOf));
  if (there.has(key)) return { do: "change", name: key, item: mine };
  const places = theirs.toReversed().flatMap(({ from }) => from.filter((place) => place.key === key));
  const { behind = null, before = null } = places[0] ?? {};
  if (behind !== null && there.has(behind)) return { do: "add", item: mine, after: behind };
  if (before !== null && there.has(before)) return { do: "add", item: mine, before };
  return places.length > 0 && behind === null
    ? { do: "add", item: mine, position: 1 }
    : { do: "add", item: mine };
}

/** Mine, typed over `base`, on top of theirs: what only they changed stays, of what both changed mine stands. */
export function mineFirst(base: Config, mine: Config, theirs: Config): Config {
  const wanted = difference(base, mine);
  const { config, clashes } = patched(theirs, wanted);
  const removed = difference(base, theirs);
  let next = config;
  for (const clash of clashes) {
    const edited = edit(next, mineInstead(next, clash, [removed]));
    if ("config" in edited) next = edited.config;
  }
  return wanted.comment ? { ...next, comment: mine.comment } : next;
}

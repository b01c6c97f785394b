/** Keeps what was found in one config at its place in a later one, until that has been looked at too. */
import { type Config, type Diagnostic, type Item, keyOf } from "@flowmgr/flow-model";

/**
 * The diagnostics with the paths that their flows and lists have in `now`, found by name; those of a rule or item that
 * is not there any more are left out. What belongs to neither is found by its item in `judged`, which `now` shares with
 * it, and stays as it is where that is not known.
 */
export function anchored(
  diagnostics: readonly Diagnostic[],
  now: Config,
  judged: Config | null,
): readonly Diagnostic[] {
  if (judged === now || diagnostics.length === 0) return diagnostics;
  const byName = new Map<string | null, number>();
  const byItem = new Map<Item, number>();
  for (const [index, item] of now.items.entries()) {
    byItem.set(item, index);
    byName.set(keyOf(item), index);
  }
  return diagnostics.flatMap((one): Diagnostic[] => {
    const [, old, rest = ""] = /^\/items\/(\d+)(.*)$/.exec(one.path ?? "") ?? [];
    if (old === undefined || (one.flow === undefined && judged === null)) return [one];
    const item = judged?.items[Number(old)];
    const index = one.flow === undefined ? item && byItem.get(item) : byName.get(one.flow);
    const found = now.items[index ?? -1];
    if (index === undefined || !found) return [];
    const rules = found.kind === "flow" || found.kind === "outflow" ? found.rules.length : 0;
    return (one.rule ?? 0) > rules ? [] : [{ ...one, path: `/items/${index}${rest}` }];
  });
}

/** Item by item: what an apply would change, and the edits that take the running version of one again. */
import type { FlowChange } from "@flowmgr/flow-api";
import { type Config, type Edit, type Item, keyOf } from "@flowmgr/flow-model";
import { listsBehind } from "../api/check-item.ts";
import { dissolve } from "../api/dissolve.ts";
import { differencesOf } from "./words.ts";

/** All that changed of one item, which is called as edits call it; a removed one has its running name. */
export type ItemChanges = { name: string; words: string[]; isNew: boolean; putBack: Edit[] };

/** In the order of `changes`. */
export function itemChanges(running: Config, draft: Config, changes: readonly FlowChange[]): ItemChanges[] {
  const [before, after] = [byKey(running), byKey(draft)];
  const grouped = new Map<string, FlowChange[]>();
  for (const change of changes) grouped.set(change.name, [...(grouped.get(change.name) ?? []), change]);
  return [...grouped].map(([name, own]): ItemChanges => {
    const was = own.find((change) => change.was !== undefined)?.was ?? name;
    const [old, now] = [before.get(was), after.get(name)];
    const moved = own.some(({ change }) => change === "moved");
    if (!old) {
      const edits: Edit[] = now?.kind === "list" ? dissolve(draft, now) : [{ do: "remove", name }];
      return { name, words: ["added"], isNew: true, putBack: edits };
    }
    const edits = listsFor(old, running, after);
    if (!now) {
      edits.push({ do: "add", item: old, ...placeOf(was, running, after) });
      return { name, words: ["removed"], isNew: false, putBack: edits };
    }
    const words = differencesOf(old, now);
    if (words.length > 0) edits.push({ do: "change", name, item: old });
    if (moved) edits.push({ do: "move", name: was, ...placeOf(was, running, after) });
    return { name, words: moved ? ["moved", ...words] : words, isNew: false, putBack: edits };
  });
}

/** Lists that the running version names and the draft no longer has: without them it would be wrong. */
function listsFor(item: Item, running: Config, draft: ReadonlyMap<string, Item>): Edit[] {
  return listsBehind(item, running)
    .filter((list) => !draft.has(`@${list.name}`))
    .map((list) => ({ do: "add", item: list, ...placeOf(`@${list.name}`, running, draft) }));
}

function byKey({ items }: Config): Map<string, Item> {
  return new Map(items.map((item) => [keyOf(item), item]));
}

/** Behind the nearest that stands before it in the running config and is in the draft. */
function placeOf(
  key: string,
  running: Config,
  draft: ReadonlyMap<string, Item>,
): { after: string } | { position: 1 } {
  const order = running.items.map(keyOf);
  const after = order.slice(0, order.indexOf(key)).findLast((one) => draft.has(one));
  return after ? { after } : { position: 1 };
}

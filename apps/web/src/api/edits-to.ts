/** The edits that lead from one config to another. */
import { type Config, type Edit, editAll } from "@flowmgr/flow-model";
import { type Patch, sameConfig } from "./patch.ts";

/** More travel as a whole config at less cost. */
const MOST = 200;

/** `patch`: the difference of the two. Null where edits cannot say it, or only by more words than the config itself. */
export function editsTo(before: Config, after: Config, patch: Patch): Edit[] | null {
  const { items, to, comment } = patch;
  if (comment || items.length + to.length === 0 || items.length + to.length > MOST) return null;
  const changed = items.flatMap(({ key, before: old, after: item }): Edit[] => {
    if (!item) return [{ do: "remove", name: key }];
    return old ? [{ do: "change", name: key, item }] : [{ do: "add", item }];
  });
  const placed = to.map(
    ({ key, behind }): Edit =>
      behind === null ? { do: "move", name: key, position: 1 } : { do: "move", name: key, after: behind },
  );
  const edits = [...changed, ...placed];
  const made = editAll(before, edits);
  // Twins, and names that change with what names them, are for the whole config to say.
  return "config" in made && sameConfig(made.config, after) ? edits : null;
}

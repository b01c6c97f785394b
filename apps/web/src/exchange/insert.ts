/** An imported config as edits of the draft: under names that are free, lists that are there already used as they are. */
import { type Config, type Edit, edit, flowsOf, keyOf, type List, listsOf } from "@flowmgr/flow-model";
import { freeName } from "@flowmgr/flow-model/exchange";

export type Insertion = {
  edits: Edit[];
  /** Names of the flows, in order. */
  names: string[];
  /** What another name was given: "mail-2 for mail". */
  renamed: string[];
};

/** Flows behind `after`, one behind the other; at the end when it is null. */
export function insertionOf(imported: Config, draft: Config, after: string | null): Insertion {
  const { config, renamed } = withFreeNames(withoutTwins(imported, draft), draft);
  const edits: Edit[] = [];
  const names: string[] = [];
  const expected = new Set(draft.items.map(keyOf));
  for (const item of config.items) {
    if (item.kind === "expect") {
      // What is expected already need not be expected again.
      if (expected.has(keyOf(item))) continue;
      expected.add(keyOf(item));
    }
    if (item.kind !== "flow" && item.kind !== "outflow") {
      edits.push({ do: "add", item });
      continue;
    }
    const behind = names.at(-1) ?? after;
    edits.push({ do: "add", item, ...(behind === null ? {} : { after: behind }) });
    names.push(item.name);
  }
  return { edits, names, renamed };
}

/** Lists that the draft has with the same values need not come again. */
function withoutTwins(imported: Config, draft: Config): Config {
  const there = new Map(listsOf(draft).map((list) => [list.name, list]));
  const isTwin = (list: List) => there.get(list.name)?.values.join() === list.values.join();
  return { ...imported, items: imported.items.filter((item) => item.kind !== "list" || !isTwin(item)) };
}

function withFreeNames(imported: Config, draft: Config): { config: Config; renamed: string[] } {
  const flows = takenNames(flowsOf(draft), flowsOf(imported));
  const lists = takenNames(listsOf(draft), listsOf(imported));
  const renamed: string[] = [];
  let config = imported;
  for (const item of imported.items) {
    const names = item.kind === "list" ? lists : flows;
    if (item.kind === "expect" || !names.there.has(item.name)) continue;
    const to = freeName(item.name, names.taken);
    const edited = edit(config, { do: "rename", name: keyOf(item), to });
    if ("error" in edited) continue;
    config = edited.config;
    names.taken.add(to);
    renamed.push(`${to} for ${item.name}`);
  }
  return { config, renamed };
}

function takenNames(draft: { name: string }[], imported: { name: string }[]) {
  const there = new Set(draft.map(({ name }) => name));
  return { there, taken: new Set([...there, ...imported.map(({ name }) => name)]) };
}

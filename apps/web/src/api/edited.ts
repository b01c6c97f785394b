/** An item of the draft as a panel edits it: to the draft while it is right, kept here while it is not. */
import { type Config, type Diagnostic, type Edit, type Item, keyOf } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { useStore } from "../ui/store.ts";
import { checkItem, ofItem } from "./check-item.ts";
import { useEdit } from "./draft.ts";
import { useCheck } from "./queries.ts";
import type { Unsaved } from "./unsaved.ts";

export type Edited<T> = {
  item: T;
  /** Paths begin with the item itself: `/rules/0/conditions/dst`. */
  diagnostics: Diagnostic[];
  /** False while an error keeps what stands here from the draft. */
  saved: boolean;
  /** The draft's item became another one meanwhile. */
  changedMeanwhile: boolean;
  /** Takes the item to the draft, behind `before` in one step, if it has no error; else keeps it here. */
  set: (item: T, label: string, before?: Edit[]) => void;
  /** Leaves what is not saved. */
  goBack: () => void;
};

type Options<T> = {
  config: Config;
  /** The draft's item; null when it has none of that name. */
  inDraft: T | null;
  unsaved: Unsaved<T>;
  /** The item got this name. */
  renamed: (name: string) => void;
  /** What else is wrong with it among the others, such as a name that is taken. */
  among: (item: T) => Diagnostic[];
};

/** Null when the draft has no such item. */
export function useEdited<T extends Extract<Item, { name: string }>>(options: Options<T>): Edited<T> | null {
  const { config, inDraft, unsaved, among } = options;
  const { edit } = useEdit();
  const keptAll = useStore(unsaved);
  const kept = inDraft ? keptAll.get(inDraft.name) : undefined;
  const item = kept?.item ?? inDraft;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `among` says the same of the same config
  const own = useMemo(() => (item ? [...checkItem(item, config), ...among(item)] : []), [item, config]);
  const server = useCheck().data?.diagnostics;
  const machine = useMemo(() => {
    if (kept || !inDraft) return [];
    const all = ofItem(server ?? [], config.items.indexOf(inDraft));
    return all.filter((one) => !own.some((known) => known.code === one.code));
  }, [kept, inDraft, server, config, own]);
  if (!item || !inDraft) return null;
  const { name } = inDraft;

  function set(next: T, label: string, before: Edit[] = []): void {
    if (!inDraft || next === item) return;
    const wrong = [...checkItem(next, withEdits(config, before)), ...among(next)];
    const taken =
      !wrong.some(({ severity }) => severity === "error") &&
      ((before.length === 0 && same(next, inDraft)) ||
        edit([...before, ...steps(inDraft, next)], label) === null);
    if (!taken) {
      unsaved.keep(name, { base: kept?.base ?? inDraft, item: next });
      return;
    }
    unsaved.forget(name);
    if (next.name !== name) options.renamed(next.name);
  }

  return {
    item,
    diagnostics: [...own, ...machine],
    saved: !kept,
    changedMeanwhile: kept !== undefined && !same(kept.base, inDraft),
    set,
    goBack: () => unsaved.forget(name),
  };
}

/** The edits from one to the other; a new name goes first and by itself, so that what names the item follows. */
function steps(from: Item, to: Item): Edit[] {
  const [was, is] = [keyOf(from) ?? "", keyOf(to) ?? ""];
  const rename: Edit[] = was === is ? [] : [{ do: "rename", name: was, to: "name" in to ? to.name : "" }];
  return [...rename, { do: "change", name: is, item: to }];
}

function withEdits(config: Config, edits: readonly Edit[]): Config {
  const added = edits.flatMap((one) => (one.do === "add" ? [one.item] : []));
  return added.length === 0 ? config : { ...config, items: [...config.items, ...added] };
}

function same(one: object, other: object): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

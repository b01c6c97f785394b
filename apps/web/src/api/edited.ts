/** An item of the draft as a panel edits it: to the draft while it is right, kept here while it is not. */
import type { Config, Diagnostic, Edit, Item } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { useKnown } from "../analysis/use-findings.ts";
import { useStore } from "../ui/store.ts";
import { checkItem, ofItem } from "./check-item.ts";
import { useEdit } from "./draft.ts";
import { onTop, outcomeOf } from "./item-edits.ts";
import { same } from "./merge.ts";
import type { Unsaved } from "./unsaved.ts";

export type Edited<T> = {
  item: T;
  /** Paths begin with the item itself: `/rules/0/conditions/dst`. */
  diagnostics: Diagnostic[];
  /** False while an error keeps what stands here from the draft. */
  saved: boolean;
  /** What saving does to the draft's item, which became another one meanwhile; null when it did not. */
  meanwhile: "merged" | "replaced" | null;
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
  const known = useKnown(config);
  const machine = useMemo(() => {
    if (kept || !inDraft) return [];
    const all = ofItem(known, config.items.indexOf(inDraft));
    return all.filter((one) => !own.some(({ code }) => code === one.code));
  }, [kept, inDraft, known, config, own]);
  if (!item || !inDraft) return null;
  const { name } = inDraft;

  function set(next: T, label: string, before: Edit[] = []): void {
    if (!inDraft || next === item) return;
    const base = kept?.base ?? inDraft;
    const outcome = outcomeOf({ config, inDraft, base, next, before, among });
    const refused = outcome.edits.length > 0 && edit(outcome.edits, label) !== null;
    // Without what it names it cannot stand: all stays as it was.
    if (refused && before.length > 0) return;
    if (refused || outcome.kept) {
      unsaved.keep(name, { base, item: next });
      return;
    }
    unsaved.forget(name);
    if (next.name !== name) options.renamed(next.name);
  }

  return {
    item,
    diagnostics: [...own, ...machine],
    saved: !kept,
    meanwhile:
      !kept || same(kept.base, inDraft)
        ? null
        : onTop(kept.base, kept.item, inDraft).replaces
          ? "replaced"
          : "merged",
    set,
    goBack: () => unsaved.forget(name),
  };
}

import { type Config, type Diagnostic, type List, listsOf } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { createUnsaved, type Edited, useEdited } from "../api/index.ts";

/** Lists that are not in the draft yet, because something in them is wrong. */
export const unsavedLists = createUnsaved<List>("flowmgr.unsaved-lists.1");

/** A list as the panel edits it; null when the draft has none of this name. `renamed`: it got this name. */
export function useList(name: string, config: Config, renamed: (to: string) => void): Edited<List> | null {
  const inDraft = useMemo(() => listsOf(config).find((list) => list.name === name) ?? null, [config, name]);
  return useEdited<List>({
    config,
    inDraft,
    unsaved: unsavedLists,
    renamed,
    among: (list) => twins(list, listsOf(config), inDraft),
  });
}

/** What is wrong when another list has the name. */
export function twins(list: List, all: readonly List[], itself: List | null): Diagnostic[] {
  if (!all.some((other) => other.name === list.name && other !== itself)) return [];
  return [
    {
      code: "duplicate-list",
      severity: "error",
      message: `another list is called ${list.name}`,
      help: "give it a name of its own",
      path: "/name",
    },
  ];
}

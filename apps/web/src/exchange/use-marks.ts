import type { Action } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { usePaths } from "../api/index.ts";

/** What marks stand for on this machine, so that rules that set them can be read. */
export function useMarks(): ReadonlyMap<string, Action> {
  const paths = usePaths().data;
  return useMemo(() => {
    const marks = new Map<string, Action>();
    for (const { name, mark } of paths?.directors ?? []) {
      if (mark !== null) marks.set(mark, { action: "director", director: name });
    }
    for (const { name, mark } of paths?.tables ?? []) {
      if (mark !== null) marks.set(mark, { action: "table", table: name });
    }
    return marks;
  }, [paths]);
}

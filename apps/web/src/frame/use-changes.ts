import type { FlowChange } from "@flowmgr/flow-api";
import { changes, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { useDraft, useRunning } from "../api/index.ts";

/** How a change is said behind the name of its flow. */
export const CHANGE_WORDS: Record<FlowChange["change"], string> = {
  added: "added",
  removed: "removed",
  changed: "changed",
  moved: "moved",
  "switched-on": "switched on",
  "switched-off": "switched off",
  commented: "comment changed",
};

const NONE: { changes: FlowChange[]; headline: string } = {
  changes: [],
  headline: "",
};

/** What differs between the draft on the screen and what is in force. */
export function useChanges(): { changes: FlowChange[]; headline: string } {
  const { config } = useDraft();
  const running = useRunning().data;
  return useMemo(
    () => (config && running ? changes(running.config ?? EMPTY_CONFIG, config) : NONE),
    [config, running],
  );
}

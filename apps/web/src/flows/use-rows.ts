import type { FlowChange } from "@flowmgr/flow-api";
import { type Config, changes, type Diagnostic } from "@flowmgr/flow-model";
import { useMemo } from "react";
import { useChecked, useKnown } from "../analysis/index.ts";
import { useRunning } from "../api/index.ts";
import { type Row, rowsOf } from "./rows.ts";

const NO_CHANGES: FlowChange[] = [];

/**
 * Rows of the draft with what changed and what is wrong. What is wrong comes a moment later, from beside the page:
 * neither a key nor the first sight of the list waits for ten thousand flows to be checked.
 */
export function useRows(draft: Config): { rows: Row[]; diagnostics: Diagnostic[] } {
  const running = useRunning().data?.config ?? null;
  const diagnostics = useDiagnostics(draft);
  const changed = useMemo(() => (running ? changes(running, draft).changes : NO_CHANGES), [running, draft]);
  const rows = useMemo(
    () => rowsOf(draft, running, changed, diagnostics),
    [draft, running, changed, diagnostics],
  );
  return { rows, diagnostics };
}

/** The browser's own check, what only the server knows of the machine, and what the analysis found. */
function useDiagnostics(config: Config): Diagnostic[] {
  const more = useKnown(config);
  const own = useChecked(config);
  return useMemo(() => {
    const known = new Set(own.map(keyOf));
    return [...own, ...more.filter((one) => !known.has(keyOf(one)))];
  }, [own, more]);
}

function keyOf({ code, path, flow, rule }: Diagnostic): string {
  return `${code} ${path} ${flow} ${rule}`;
}

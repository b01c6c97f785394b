import type { FlowChange } from "@flowmgr/flow-api";
import { type Config, changes, check, type Diagnostic, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { useDeferredValue, useMemo } from "react";
import { useKnown } from "../analysis/index.ts";
import { useRunning } from "../api/index.ts";
import { type Row, rowsOf } from "./rows.ts";

const NO_CHANGES: FlowChange[] = [];

/**
 * Rows of the draft with what changed and what is wrong. What is wrong may lag a frame behind in a config of
 * thousands of flows: neither a key nor the first sight of the list must wait for it.
 */
export function useRows(draft: Config): { rows: Row[]; diagnostics: Diagnostic[] } {
  const running = useRunning().data?.config ?? null;
  const deferred = useDeferredValue(draft, EMPTY_CONFIG);
  const diagnostics = useDiagnostics(deferred);
  const changed = useMemo(() => (running ? changes(running, draft).changes : NO_CHANGES), [running, draft]);
  const rows = useMemo(
    () => rowsOf(draft, running, changed, diagnostics),
    [draft, running, changed, diagnostics],
  );
  return { rows, diagnostics };
}

/** The browser's check at once, what only the server knows of the machine, and what the analysis found. */
function useDiagnostics(config: Config): Diagnostic[] {
  const more = useKnown(config);
  const own = useMemo(() => check(config), [config]);
  return useMemo(() => {
    const known = new Set(own.map(keyOf));
    return [...own, ...more.filter((one) => !known.has(keyOf(one)))];
  }, [own, more]);
}

function keyOf({ code, path, flow, rule }: Diagnostic): string {
  return `${code} ${path} ${flow} ${rule}`;
}

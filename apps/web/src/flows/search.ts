/** The rows that a search finds, with the rules that it is about; and what a config does not say of them itself. */
import type { Counters } from "@flowmgr/flow-api";
import { type AskFact, type Config, type Diagnostic, type Search, search } from "@flowmgr/flow-model";
import type { Row } from "./rows.ts";

/** What the search asks besides the configs. */
export type Known = {
  rows: readonly Row[];
  diagnostics: readonly Diagnostic[];
  /** Null while nobody reads them: then nothing is known to be unused. */
  counters: Counters | null;
};

/** The rows that `query` finds, marked; all of them, and the very same array, when it is blank. */
export function foundRows(
  rows: Row[],
  query: string,
  draft: Config,
  running: Config | null,
  ask: AskFact,
): Row[] {
  if (query.trim() === "") return rows;
  const inDraft = search(query, draft, ask);
  let inRunning: Search | null = null;
  return rows.flatMap((row) => {
    // A removed flow is one of the running config, and so are the lists that it names.
    if (row.change === "removed") inRunning ??= search(query, running ?? draft, ask);
    const found = (row.change === "removed" ? inRunning : inDraft)?.(row.flow);
    if (!found) return [];
    return found.rules.length > 0 ? [{ ...row, marks: found.rules }] : [row];
  });
}

/** Answers what the search asks of a flow or a rule; reads what is known once. */
export function factsOf({ rows, diagnostics, counters }: Known): AskFact {
  const byName = new Map(rows.map((row) => [row.flow.name, row]));
  const findings = new Map<string | undefined, Diagnostic[]>();
  for (const one of diagnostics) {
    const others = findings.get(one.flow);
    if (others) others.push(one);
    else findings.set(one.flow, [one]);
  }
  const counts = new Map(counters?.flows.map((one) => [one.name, one]));
  return (fact, { name }, rule) => {
    const row = byName.get(name);
    if (fact === "changed") return rule === null && row !== undefined && row.change !== null;
    if (fact !== "unused") {
      const ofFlow = findings.get(name) ?? [];
      return ofFlow.some((one) => one.severity === fact && (one.rule ?? null) === rule);
    }
    const count = counts.get(row?.runningName ?? name);
    if (!count || row?.change === "removed") return false;
    if (rule === null) return count.packets === 0;
    // What the kernel counts are the rules in force: in a flow whose rules were changed they have other numbers.
    if (row?.change === "changed" || row?.change === "added") return false;
    return count.rules.some((one) => one.rule === rule && one.packets === 0);
  };
}

/** The list as it is drawn: the draft's flows in order, and between them those that an apply would remove. */
import type { FlowChange } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, type Flow, flowsOf, type Rule } from "@flowmgr/flow-model";

export type Row = {
  flow: Flow;
  /** From 1; null for a removed one. */
  number: number | null;
  change: FlowChange["change"] | null;
  /** Name in the running config, for the counters of a renamed flow. */
  runningName: string;
  /** The most serious diagnostic of the flow. */
  diagnostic: Diagnostic | null;
  /** Rules that a search is about, from 1; none where it is about the flow as a whole. */
  marks?: readonly number[];
};

/** Rows of `draft`, removed flows of `running` behind the flow that they followed. */
export function rowsOf(
  draft: Config,
  running: Config | null,
  changes: FlowChange[],
  diagnostics: Diagnostic[],
): Row[] {
  const changeOf = new Map(changes.map((change) => [change.name, change]));
  const worst = worstOf(diagnostics);
  const rows = flowsOf(draft).map((flow, index): Row => {
    const change = changeOf.get(flow.name);
    return {
      flow,
      number: index + 1,
      change: change && change.change !== "removed" ? change.change : null,
      runningName: change?.was ?? flow.name,
      diagnostic: worst.get(flow.name) ?? null,
    };
  });
  const removed = changes.filter(({ change }) => change === "removed").map(({ name }) => name);
  return removed.length > 0 && running ? withRemoved(rows, flowsOf(running), new Set(removed)) : rows;
}

function withRemoved(rows: Row[], running: Flow[], removed: Set<string>): Row[] {
  const behind = new Map<string | null, Flow[]>();
  let last: string | null = null;
  for (const flow of running) {
    if (removed.has(flow.name)) behind.set(last, [...(behind.get(last) ?? []), flow]);
    else last = flow.name;
  }
  const ghosts = (name: string | null) =>
    (behind.get(name) ?? []).map(
      (flow): Row => ({ flow, number: null, change: "removed", runningName: flow.name, diagnostic: null }),
    );
  return [...ghosts(null), ...rows.flatMap((row) => [row, ...ghosts(row.runningName)])];
}

function worstOf(diagnostics: Diagnostic[]): Map<string, Diagnostic> {
  const worst = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    if (!diagnostic.flow) continue;
    const known = worst.get(diagnostic.flow);
    if (!known || (known.severity === "warning" && diagnostic.severity === "error")) {
      worst.set(diagnostic.flow, diagnostic);
    }
  }
  return worst;
}

/** What a row shows below its first rule, a line each. */
export type MoreLine = "rule" | "comment" | "problem";

/** The second rule, or the comment where there is none; and what is wrong. On a phone the problem alone. */
export function moreLinesOf({ flow, diagnostic }: Row, narrow: boolean): MoreLine[] {
  const problem: MoreLine[] = diagnostic ? ["problem"] : [];
  if (narrow) return problem;
  if (flow.rules.length > 1) return ["rule", ...problem];
  return commentOf(flow) && !diagnostic ? ["comment"] : problem;
}

/** The first rules, as many as are shown; those that a search is about before all others. */
export function shownRules({ flow, marks = [] }: Row, most: number): { rule: Rule; number: number }[] {
  const all = flow.rules.map((rule, index) => ({ rule, number: index + 1 }));
  const marked = all.filter(({ number }) => marks.includes(number)).slice(0, most);
  const others = all.filter(({ number }) => !marks.includes(number)).slice(0, most - marked.length);
  return [...marked, ...others].sort((one, other) => one.number - other.number);
}

export function commentOf(flow: Flow): string {
  return flow.note || flow.comment.join(" ");
}

/**
 * Height in pixels, known without drawing, so that ten thousand rows need no measuring: 38 for a line of 20 with
 * the row's padding and hairline, 21 for each further line; 65 on a phone, always two lines.
 */
export function heightOf(row: Row, narrow: boolean): number {
  return narrow ? 65 : 38 + 21 * moreLinesOf(row, narrow).length;
}

/** Rows with their heights in pixels, a character each: one value as long as no row changes its height. */
type Measured = { rows: readonly Row[]; heights: string };

/**
 * Pixels by which the rows above the one at `top` have grown; 0 where it is not the same rows in the same order, since
 * then something else was asked for. `top` in pixels from the first row.
 */
export function grownAbove(before: Measured, now: Measured, top: number): number {
  const { rows } = now;
  const same = ({ flow }: Row, index: number) => flow.name === rows[index]?.flow.name;
  if (top <= 0 || before.rows.length !== rows.length || !before.rows.every(same)) return 0;
  let end = 0;
  let grown = 0;
  for (let index = 0; index < rows.length; index += 1) {
    end += before.heights.charCodeAt(index);
    if (end > top) break;
    grown += now.heights.charCodeAt(index) - before.heights.charCodeAt(index);
  }
  return grown;
}

/** The flow after which nothing is left: the first that is on and takes everything. */
export function lastWord(draft: Config): Flow | null {
  const takesAll = (flow: Flow) =>
    !flow.skipped &&
    flow.policy !== null &&
    flow.kind === "flow" &&
    flow.rules.find((rule) => !rule.off && (rule.verb === "ignore" || isEmpty(rule.conditions)))?.verb ===
      "match";
  return flowsOf(draft).find(takesAll) ?? null;
}

function isEmpty(conditions: object): boolean {
  return Object.keys(conditions).length === 0;
}

/** Looks for dead rules and failing expectations beside the page: in a hard config that takes seconds. */
import { type DeadRules, deadRules, findingsOf, judgeExpectations } from "@flowmgr/flow-analysis";
import { type Config, check, type Diagnostic, type Item } from "@flowmgr/flow-model";
import type { Meaning } from "./meaning.ts";

/** A config as it differs from the one that was sent before: an item that stayed is its place there. */
export type Sent = { items: (Item | number)[]; comment: string[] };

export type AnalysisRequest = { id: number; sent: Sent; meaning: Meaning };

export type Analysis = {
  diagnostics: Diagnostic[];
  /** Time ran out: there may be more. */
  partial: boolean;
};
export type AnalysisAnswer = Analysis & { id: number };

/** Beyond this a person has moved on; what was found by then is told. */
const BUDGET_MS = 10_000;

let before: readonly Item[] = [];

/** What was found last: an edit leaves most rules as they were. It holds for one meaning only. */
let last: { meaning: string; previous: { config: Config; result: DeadRules } } | null = null;

self.onmessage = ({ data: { id, sent, meaning } }: MessageEvent<AnalysisRequest>) => {
  const items = sent.items.flatMap((one) => (typeof one === "number" ? (before[one] ?? []) : one));
  before = items;
  const answer: AnalysisAnswer = { id, ...analyse({ items, comment: sent.comment }, meaning) };
  self.postMessage(answer);
};

/** A config with errors means nothing yet, so nothing is found in it. */
function analyse(config: Config, meaning: Meaning): Analysis {
  if (check(config).some(({ severity }) => severity === "error")) return { diagnostics: [], partial: false };
  const end = performance.now() + BUDGET_MS;
  const options = { ...meaning, stop: () => performance.now() > end };
  const key = JSON.stringify([meaning.loopback, meaning.neighbours, [...(meaning.tables ?? [])]]);
  const known = last?.meaning === key ? { previous: last.previous } : {};
  const result = deadRules(config, { ...options, ...known });
  const { dead, status } = result;
  last = { meaning: key, previous: { config, result } };
  const judged = judgeExpectations(config, options);
  return {
    diagnostics: findingsOf(config, { dead, expectations: judged.expectations }, meaning),
    partial: status === "partial" || judged.status === "partial",
  };
}

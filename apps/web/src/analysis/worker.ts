/** Looks for dead rules and failing expectations beside the page: in a hard config that takes seconds. */
import { type DeadRules, deadRules, findingsOf, judgeExpectations } from "@flowmgr/flow-analysis";
import { type Config, type ConfigDelta, check, type Diagnostic, withDelta } from "@flowmgr/flow-model";
import type { Meaning } from "./meaning.ts";

/**
 * `sent`: a ConfigDelta against the config that was sent before, as JSON: of ten thousand flows the page writes that in
 * a third of the time that a copy of the objects takes.
 */
export type AnalysisRequest = { id: number; sent: string; meaning: Meaning };

export type Analysis = {
  diagnostics: Diagnostic[];
  /** Time ran out: there may be more. */
  partial: boolean;
};
/** What the language itself says comes first, what takes longer behind it. */
export type AnalysisAnswer = { id: number } & ({ checked: Diagnostic[] } | Analysis);

/** Beyond this a person has moved on; what was found by then is told. */
const BUDGET_MS = 10_000;

let held: Config | null = null;

/** What was found last: an edit leaves most rules as they were. It holds for one meaning only. */
let last: { meaning: string; previous: { config: Config; result: DeadRules } } | null = null;

self.onmessage = ({ data: { id, sent, meaning } }: MessageEvent<AnalysisRequest>) => {
  const delta: ConfigDelta = JSON.parse(sent);
  const config = withDelta(delta, held);
  held = config;
  const checked = check(config);
  answer({ id, checked });
  answer({ id, ...analyse(config, checked, meaning) });
};

const answer = (what: AnalysisAnswer) => self.postMessage(what);

/** A config with errors means nothing yet, so nothing is found in it. */
function analyse(config: Config, checked: readonly Diagnostic[], meaning: Meaning): Analysis {
  if (checked.some(({ severity }) => severity === "error")) return { diagnostics: [], partial: false };
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

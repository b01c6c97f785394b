/** Search by words: each must occur in the flow's name, policy, rules or comments. */
import type { Flow } from "@flowmgr/flow-model";
import type { Row } from "./rows.ts";
import { policyWord, sentenceOf } from "./words.ts";

/** Flows keep their identity while they do not change, so each is put in words once. */
const known = new WeakMap<Flow, string>();

function textOf(flow: Flow): string {
  const kept = known.get(flow);
  if (kept !== undefined) return kept;
  const values = flow.rules.flatMap((rule) => [
    sentenceOf(rule, flow.kind),
    ...Object.values(rule.conditions).flatMap((condition) => condition.values),
    rule.note,
    ...rule.comment,
  ]);
  const action = flow.policy?.action ?? "";
  const text = [
    flow.name,
    action,
    policyWord(flow.policy),
    flow.skipped ? "skip off" : "on",
    flow.note,
    ...flow.comment,
    ...values,
  ]
    .join("\n")
    .toLowerCase();
  known.set(flow, text);
  return text;
}

/** The rows in which every word of `query` occurs; all of them when it is blank. */
export function found(rows: Row[], query: string): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter(({ flow }) => {
    const text = textOf(flow);
    return words.every((word) => text.includes(word));
  });
}

import type { Config, Diagnostic, Flow, Rule } from "@flowmgr/flow-model";
import { below, checkItem } from "../api/check-item.ts";

/** What the language says of a rule that is being typed, of those of its flow; paths begin with the rule. */
export function problemsOf(rule: Rule, kind: Flow["kind"], config: Config): Diagnostic[] {
  const flow: Flow = {
    kind,
    name: "typed",
    policy: { action: "permit" },
    skipped: false,
    comment: [],
    note: "",
    rules: [rule],
  };
  return below(checkItem(flow, config), "/rules/0");
}

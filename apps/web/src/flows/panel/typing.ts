import { check, type Diagnostic, type Rule } from "@flowmgr/flow-model";

/** What the language says of a rule that is being typed; paths begin with the rule. */
export function problemsWhileTyping(rule: Rule): Diagnostic[] {
  const prefix = "/items/0/rules/0";
  const flow = {
    kind: "flow" as const,
    name: "typed",
    policy: { action: "permit" as const },
    skipped: false,
    comment: [],
    note: "",
    rules: [rule],
  };
  return check({ items: [flow], comment: [] })
    .filter(({ path }) => path?.startsWith(prefix))
    .map((one) => ({ ...one, path: one.path?.slice(prefix.length) ?? "" }));
}

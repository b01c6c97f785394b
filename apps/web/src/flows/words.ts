/** A rule in plain words, as pieces that the list and the panel draw alike. */
import {
  type Action,
  type Condition,
  type ConditionKind,
  type Flow,
  icmpTypeName,
  type Rule,
} from "@flowmgr/flow-model";

export type Piece = { as: "word" | "value" | "not" | "verb"; text: string };

/** The order in which a person says them: what, from where, to where, what else. */
export const SPOKEN_ORDER: ConditionKind[] = [
  "proto",
  "src",
  "srcport",
  "dst",
  "dstport",
  "icmptype",
  "iface",
  "state",
];

/** The word before the values: "from 10.0.0.0/8". A protocol needs none. */
export function wordOf(kind: ConditionKind, flow: Flow["kind"] = "flow"): string {
  switch (kind) {
    case "proto":
      return "";
    case "src":
      return "from";
    case "srcport":
      return "source port";
    case "dst":
      return "to";
    case "dstport":
      return "port";
    case "icmptype":
      return "type";
    case "iface":
      return flow === "outflow" ? "out" : "in";
    case "state":
      return "state";
  }
}

/** Words of a rule; `everything` when it has no condition. */
export function wordsOf(rule: Rule, flow: Flow["kind"] = "flow"): Piece[] {
  const pieces: Piece[] = [];
  if (rule.off) pieces.push({ as: "verb", text: "off" });
  if (rule.verb === "ignore") pieces.push({ as: "verb", text: "ignore" });
  const before = pieces.length;
  for (const kind of SPOKEN_ORDER) {
    const condition = rule.conditions[kind];
    if (!condition) continue;
    if (condition.not) pieces.push({ as: "not", text: "not" });
    const word = wordOf(kind, flow);
    if (word) pieces.push({ as: "word", text: word });
    pieces.push({ as: "value", text: valuesOf(kind, condition, rule) });
  }
  if (pieces.length === before) pieces.push({ as: "word", text: "everything" });
  return pieces;
}

/** One line of text, for titles and screen readers. */
export function sentenceOf(rule: Rule, flow: Flow["kind"] = "flow"): string {
  return wordsOf(rule, flow)
    .map(({ text }) => text)
    .join(" ");
}

/** Values as the list shows them: a bare ICMP number by its name, which more people know. */
function valuesOf(kind: ConditionKind, condition: Condition, rule: Rule): string {
  if (kind !== "icmptype") return condition.values.join(", ");
  const family = rule.conditions.proto?.values.includes("icmp6") ? 6 : 4;
  return condition.values
    .map((value) => (/^\d+$/.test(value) ? (icmpTypeName(Number(value), null, family) ?? value) : value))
    .join(", ");
}

/** "permit", "maildirect", "table 100": what stands beside the sign of a policy. */
export function policyWord(policy: Action | null): string {
  if (!policy) return "no policy";
  if (policy.action === "director") return policy.director;
  return policy.action === "table" ? `table ${policy.table}` : policy.action;
}

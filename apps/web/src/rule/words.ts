/** A rule in plain words, as pieces that the list and the panel draw alike. */
import {
  type Action,
  type Condition,
  type ConditionKind,
  type Flow,
  icmpTypeName,
  type Rule,
} from "@flowmgr/flow-model";

export type Piece = { as: "word" | "value" | "more" | "not" | "verb"; text: string };

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

/** What follows a flow's name where a part of it decided or counted: ", rule 2"; null is what its director takes by itself. */
export function partText(rule: number | null): string {
  return rule === null ? ", its director's ICMP errors" : `, rule ${rule}`;
}

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
      return flow === "outflow" ? "leaving by" : "coming in by";
    case "state":
      return "state";
  }
}

/** Values of one condition that a row has room for; a longer list says how many more there are. */
const ROOM = 3;

/** Words of a rule, `most` values of each condition; `everything` when it has no condition. */
export function wordsOf(rule: Rule, flow: Flow["kind"] = "flow", most = ROOM): Piece[] {
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
    pieces.push(...alternatives(valuesOf(kind, condition, rule), most));
  }
  if (pieces.length === before) pieces.push({ as: "word", text: "everything" });
  return pieces;
}

/** The whole rule as one line of text, for titles, screen readers and the search. */
export function sentenceOf(rule: Rule, flow: Flow["kind"] = "flow"): string {
  return wordsOf(rule, flow, Number.POSITIVE_INFINITY)
    .map(({ text }) => text)
    .join(" ");
}

/** "25, 110 or 143"; of more than `most` the first and the number of the others: "25, 110 +4". */
function alternatives(values: string[], most: number): Piece[] {
  if (values.length > most) {
    const shown = values.slice(0, most - 1);
    return [
      { as: "value", text: shown.join(", ") },
      { as: "more", text: `+${values.length - shown.length}` },
    ];
  }
  const last = values.at(-1) ?? "";
  if (values.length < 2) return [{ as: "value", text: last }];
  return [
    { as: "value", text: values.slice(0, -1).join(", ") },
    { as: "word", text: "or" },
    { as: "value", text: last },
  ];
}

/** Values as the list shows them: a bare ICMP number by its name, which more people know. */
function valuesOf(kind: ConditionKind, { values }: Condition, rule: Rule): string[] {
  if (kind !== "icmptype") return values;
  const family = rule.conditions.proto?.values.includes("icmp6") ? 6 : 4;
  return values.map((value) =>
    /^\d+$/.test(value) ? (icmpTypeName(Number(value), null, family) ?? value) : value,
  );
}

/** "permit", "maildirect", "table 100": what stands beside the sign of a policy. */
export function policyWord(policy: Action | null): string {
  if (!policy) return "no policy";
  if (policy.action === "director") return policy.director;
  return policy.action === "table" ? `table ${policy.table}` : policy.action;
}

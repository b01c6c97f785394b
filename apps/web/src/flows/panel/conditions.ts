import { type Condition, type ConditionKind, check, type Rule } from "@flowmgr/flow-model";
import { SPOKEN_ORDER } from "../words.ts";

/** Values that stand for a kind when the question is whether it fits a rule at all. */
const SAMPLES: { [K in ConditionKind]?: string[] } = {
  proto: ["tcp", "udp", "icmp", "icmp6"],
  src: ["192.0.2.1", "2001:db8::1"],
  srcport: ["1"],
  dst: ["192.0.2.1", "2001:db8::1"],
  dstport: ["1"],
  icmptype: ["8", "128"],
  iface: ["eth0"],
};

export const KIND_LABELS: { [K in ConditionKind]: string } = {
  proto: "protocol",
  src: "from address",
  srcport: "source port",
  dst: "to address",
  dstport: "port",
  icmptype: "ICMP type",
  iface: "interface",
  state: "state",
};

/** The kinds that a rule could take, with which it could still hold: the language's own check decides. */
export function fittingKinds(rule: Rule): ConditionKind[] {
  return SPOKEN_ORDER.filter(
    (kind) =>
      rule.conditions[kind] === undefined &&
      SAMPLES[kind]?.some((value) => fits(withCondition(rule, kind, { not: false, values: [value] }))),
  );
}

function fits(rule: Rule): boolean {
  const flow = {
    kind: "flow",
    name: "x",
    policy: null,
    skipped: true,
    comment: [],
    note: "",
    rules: [rule],
  } as const;
  const config = { items: [{ ...flow, comment: [], rules: [rule] }], comment: [] };
  return check(config).every(({ severity, path }) => severity !== "error" || !path?.includes("/conditions"));
}

export function withCondition(rule: Rule, kind: ConditionKind, condition: Condition | null): Rule {
  const { [kind]: _, ...others } = rule.conditions;
  return { ...rule, conditions: condition ? { ...others, [kind]: condition } : others };
}

/** What was typed into a field: "not 10.0.0.0/8", several with commas. */
export function readCondition(text: string, not: boolean): Condition {
  const negated = /^\s*not\s+(.*)$/s.exec(text);
  const values = (negated?.[1] ?? text)
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
  return { not: negated ? true : not, values: values.length > 0 ? values : [""] };
}

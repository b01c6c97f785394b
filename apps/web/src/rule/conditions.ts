import {
  type Condition,
  type ConditionKind,
  type Config,
  type Flow,
  type List,
  listKindOf,
  type Rule,
} from "@flowmgr/flow-model";
import { problemsOf } from "./typing.ts";
import { SPOKEN_ORDER } from "./words.ts";

/** Values that stand for a kind when the question is whether it fits a rule at all. */
const SAMPLES: { [K in ConditionKind]: string[] } = {
  proto: ["tcp", "udp", "icmp", "icmp6"],
  src: ["192.0.2.1", "2001:db8::1"],
  srcport: ["1"],
  dst: ["192.0.2.1", "2001:db8::1"],
  dstport: ["1"],
  icmptype: ["8", "128"],
  iface: ["eth0"],
  state: ["new"],
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
export function fittingKinds(rule: Rule, kind: Flow["kind"], config: Config): ConditionKind[] {
  const fits = (added: ConditionKind, value: string) =>
    problemsOf(withCondition(rule, added, { not: false, values: [value] }), kind, config).every(
      ({ severity, path }) => severity !== "error" || !path?.startsWith("/conditions"),
    );
  return SPOKEN_ORDER.filter(
    (added) => rule.conditions[added] === undefined && SAMPLES[added].some((value) => fits(added, value)),
  );
}

export function withCondition(rule: Rule, kind: ConditionKind, condition: Condition | null): Rule {
  const { [kind]: _, ...others } = rule.conditions;
  return { ...rule, conditions: condition ? { ...others, [kind]: condition } : others };
}

/** The conditions of a rule whose values could be a named list of their own: several addresses or ports. */
export function listable(rule: Rule): ConditionKind[] {
  return SPOKEN_ORDER.filter((kind) => listKindOf(kind) && (rule.conditions[kind]?.values.length ?? 0) > 1);
}

/** The values of a condition as a list, and the rule that names it in their stead. */
export function asList(rule: Rule, kind: ConditionKind, name: string): { list: List; rule: Rule } {
  const { not, values } = rule.conditions[kind] ?? { not: false, values: [] };
  return {
    list: { kind: "list", name, values: [...new Set(values)], comment: [], note: "" },
    rule: withCondition(rule, kind, { not, values: [`@${name}`] }),
  };
}

/** One field changed in many flows: what would become of them, how much that is, and what speaks against it. */
import {
  type Action,
  CONDITION_KINDS,
  type Condition,
  type ConditionKind,
  type Config,
  check,
  type Diagnostic,
  type Edit,
  type Flow,
  listsOf,
  parseAddress,
  parsePorts,
  parseProtocol,
  printAddress,
  printPolicy,
  printPorts,
  printRule,
  type Rule,
} from "@flowmgr/flow-model";

/** What a replacement looks at: addresses and ports stand in two conditions each. */
export const REPLACE_IN = {
  address: ["src", "dst"],
  port: ["srcport", "dstport"],
  src: ["src"],
  dst: ["dst"],
  iface: ["iface"],
  proto: ["proto"],
  icmptype: ["icmptype"],
  state: ["state"],
} as const satisfies { [field: string]: readonly ConditionKind[] };

export type FieldChange =
  | { do: "policy"; policy: Action }
  /** `everywhere`: in rules that do not have it yet, too. */
  | { do: "set"; kind: ConditionKind; condition: Condition; everywhere: boolean }
  | { do: "remove"; kind: ConditionKind }
  | { do: "replace"; in: keyof typeof REPLACE_IN; from: string; to: string };

export type Preview = {
  /** One for each flow that changes. */
  edits: Edit[];
  flows: number;
  rules: number;
  /** The first lines that change, as text. */
  examples: { flow: string; before: string; after: string }[];
  /** Why it cannot be done; null when it can. */
  problem: string | null;
};

const EXAMPLES = 3;

/** What the change makes of the flows. All of it is possible, or the problem says which rule is in the way. */
export function preview(config: Config, flows: readonly Flow[], change: FieldChange): Preview {
  const pairs = flows
    .map((before) => ({ before, after: changedFlow(before, change) }))
    .filter(({ before, after }) => before !== after);
  const lines = pairs.flatMap(linesThatChange);
  return {
    edits: pairs.map(({ after }): Edit => ({ do: "change", name: after.name, item: after })),
    flows: pairs.length,
    rules: change.do === "policy" ? 0 : lines.length,
    examples: lines.slice(0, EXAMPLES),
    problem: problemOf(config, pairs),
  };
}

type Pair = { before: Flow; after: Flow };

function changedFlow(flow: Flow, change: FieldChange): Flow {
  if (change.do === "policy") {
    const policy = change.policy;
    const same =
      printPolicy({ policy, skipped: false }) === printPolicy({ policy: flow.policy, skipped: false });
    return same ? flow : { ...flow, policy };
  }
  const rules = flow.rules.map((rule) => changedRule(rule, change));
  return rules.every((rule, index) => rule === flow.rules[index]) ? flow : { ...flow, rules };
}

function changedRule(rule: Rule, change: Exclude<FieldChange, { do: "policy" }>): Rule {
  switch (change.do) {
    case "set":
      if (!change.everywhere && !rule.conditions[change.kind]) return rule;
      return withCondition(rule, change.kind, change.condition);
    case "remove":
      return rule.conditions[change.kind] ? withCondition(rule, change.kind, null) : rule;
    case "replace":
      return REPLACE_IN[change.in].reduce((now: Rule, kind) => replaced(now, kind, change), rule);
  }
}

/** The rule with the condition, in the grammar's order; the same rule when that says what it says already. */
function withCondition(rule: Rule, kind: ConditionKind, condition: Condition | null): Rule {
  const wanted = { ...rule.conditions, [kind]: condition };
  const conditions = Object.fromEntries(
    CONDITION_KINDS.flatMap((one) => (wanted[one] ? [[one, wanted[one]] as const] : [])),
  );
  const next = { ...rule, conditions };
  return printRule(next) === printRule(rule) ? rule : next;
}

function replaced(rule: Rule, kind: ConditionKind, { from, to }: { from: string; to: string }): Rule {
  const condition = rule.conditions[kind];
  const wanted = canonical(kind, from);
  if (!condition?.values.some((value) => canonical(kind, value) === wanted)) return rule;
  const values = condition.values.map((value) => (canonical(kind, value) === wanted ? to : value));
  return withCondition(rule, kind, { ...condition, values: [...new Set(values)] });
}

/** Values that mean the same are the same: 10.0.0.1/32 and 10.0.0.1, 22:22 and 22, 6 and tcp. */
function canonical(kind: ConditionKind, value: string): string {
  if (kind === "src" || kind === "dst") {
    const address = parseAddress(value);
    return "ok" in address ? printAddress(address.ok) : value;
  }
  if (kind === "srcport" || kind === "dstport") {
    const ports = parsePorts(value);
    return "ok" in ports ? printPorts(ports.ok) : value;
  }
  if (kind !== "proto") return value;
  const protocol = parseProtocol(value);
  return "ok" in protocol ? String(protocol.ok) : value;
}

function linesThatChange({ before, after }: Pair): Preview["examples"] {
  const flow = after.name;
  if (before.rules === after.rules) return [{ flow, before: printPolicy(before), after: printPolicy(after) }];
  return after.rules.flatMap((rule, index) => {
    const old = before.rules[index];
    return old && old !== rule ? [{ flow, before: printRule(old), after: printRule(rule) }] : [];
  });
}

/** The language's own check of what changes; what was wrong before is no reason against it. */
function problemOf(config: Config, pairs: readonly Pair[]): string | null {
  const lists = listsOf(config);
  const errors = (flows: Flow[]) =>
    check({ items: [...lists, ...flows], comment: [] }).filter(
      ({ severity, flow }) => severity === "error" && flow,
    );
  const known = new Set(errors(pairs.map(({ before }) => before)).map(keyOf));
  const found = errors(pairs.map(({ after }) => after)).filter((one) => !known.has(keyOf(one)));
  const [first] = found;
  if (!first) return null;
  const where = first.rule === undefined ? first.flow : `${first.flow}, rule ${first.rule}`;
  const more = found.length > 1 ? ` (and ${found.length - 1} more)` : "";
  return `${where}: ${first.message}${more}${first.help ? `; ${first.help}` : ""}`;
}

const keyOf = ({ code, flow, rule, message }: Diagnostic) => `${code} ${flow} ${rule} ${message}`;

/** What was typed into a field: "not 10.0.0.0/8", "{ 25, 110 }", "25 110"; null for nothing. */
export function readValues(text: string): Condition | null {
  const [, not, rest = ""] = /^\s*(not\s+)?(.*)$/s.exec(text) ?? [];
  const values = rest.split(/[\s,{}]+/).filter((value) => value !== "");
  return values.length === 0 ? null : { not: not !== undefined, values };
}

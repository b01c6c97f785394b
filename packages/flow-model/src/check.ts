/**
 * Everything that the grammar cannot say, for configs from text and from JSON alike: bad values, names that are
 * taken, rules that can never hold, what a later version brings. An error stops a config from being applied; a
 * warning never changes what it means.
 */
import { type Complain, LONGEST_VALUE, readValues, type Values } from "./check-values.ts";
import { canHold, contradiction, wouldTake } from "./contradiction.ts";
import type { Diagnostic, Places } from "./diagnostic.ts";
import type { Family } from "./family.ts";
import { familiesOf, icmpFamily } from "./holds.ts";
import { parseDirectorName, parseName } from "./names.ts";
import { type Parse, parseInto, withPlaces } from "./parser.ts";
import { printCondition } from "./printer.ts";
import { ICMP, ICMP6 } from "./protocols.ts";
import { locate, Report } from "./report.ts";
import { CONDITION_KINDS, type ConditionKind, type Config, type Flow, type Rule } from "./schema.ts";
import { parseTable } from "./tables.ts";
import { quote } from "./value.ts";

/** Everything wrong with a config, in its order; each diagnostic has a `path` and, in a flow, its name. */
export function check(config: Config): Diagnostic[] {
  const report = new Report();
  checkInto(config, report);
  return report.diagnostics();
}

/** Parses and checks a text: all that is wrong with it, sorted by place. Never throws. */
export function checkText(text: string): Parse {
  const report = new Report();
  const read = parseInto(text, report);
  checkInto(read.config, report, read.places);
  const diagnostics = report.diagnostics();
  return withPlaces(read, diagnostics.length > 0 ? locate(diagnostics, read.places()) : []);
}

/** `places` gives the order in which a rule's conditions were written; without them it is the grammar's. */
function checkInto(config: Config, report: Report, places?: () => Places): void {
  const names = new Set<string>();
  for (const [index, item] of config.items.entries()) {
    const pointer = `/items/${index}`;
    const complain = complainer(report, pointer, {
      flow: "name" in item ? item.name : undefined,
    });
    if (item.kind === "list" || item.kind === "expect") {
      const message =
        item.kind === "list" ? "named lists are not supported yet" : "expectations are not supported yet";
      complain("/kind", { code: "not-yet", message, help: "leave it out" });
    } else checkFlow(item, pointer, names, report, places);
  }
  checkComments({ comment: config.comment, note: "" }, complainer(report, "", {}));
}

function complainer(
  report: Report,
  pointer: string,
  context: { flow?: string | undefined; rule?: number },
): Complain {
  return (where, problem, severity = "error", fixes) => {
    const { flow, ...rest } = context;
    const named = flow === undefined ? rest : { flow, ...rest };
    report.add({
      ...problem,
      severity,
      path: pointer + where,
      ...named,
      ...(fixes ? { fixes } : {}),
    });
  };
}

function checkFlow(
  flow: Flow,
  pointer: string,
  names: Set<string>,
  report: Report,
  places?: () => Places,
): void {
  const complain = complainer(report, pointer, { flow: flow.name });
  checkComments(flow, complain);
  if (flow.kind === "outflow") {
    const help = "write flow, which judges incoming packets, or leave it out";
    complain("/kind", {
      code: "not-yet",
      message: "outflows are not supported yet",
      help,
    });
  }
  const name = parseName(flow.name.slice(0, LONGEST_VALUE));
  if ("error" in name) complain("/name", name.error);
  else if (names.has(flow.name)) {
    const message = `a second flow is called ${quote(flow.name)}`;
    complain("/name", {
      code: "duplicate-flow",
      message,
      help: "give each flow a name of its own",
    });
  }
  names.add(flow.name);
  checkPolicy(flow, complain);
  const lastFor = lastRuleFor(flow.rules);
  for (const [index, rule] of flow.rules.entries()) {
    const path = `${pointer}/rules/${index}`;
    const metLater = (family: Family) => lastFor(family) > index;
    checkRule(rule, metLater, path, complainer(report, path, { flow: flow.name, rule: index + 1 }), places);
  }
}

/** Index of the last rule that is on and can take a family, -1 for none; looked for once, when somebody asks. */
function lastRuleFor(rules: Rule[]): (family: Family) => number {
  const found: { [family in Family]?: number } = {};
  const takes = (family: Family) => (rule: Rule) => !rule.off && familiesOf(rule).includes(family);
  return (family) => {
    found[family] ??= rules.findLastIndex(takes(family));
    return found[family];
  };
}

function checkPolicy({ policy, skipped }: Flow, complain: Complain): void {
  if (policy === null && !skipped) {
    const help = "set skipped, or give it a policy";
    complain("/skipped", {
      code: "missing-policy",
      message: "a flow without a policy is skipped",
      help,
    });
  }
  if (policy?.action === "director") {
    const name = parseDirectorName(policy.director.slice(0, LONGEST_VALUE));
    if ("error" in name) complain("/policy/director", name.error);
  }
  if (policy?.action === "table") {
    const table = parseTable(policy.table.slice(0, LONGEST_VALUE));
    if ("error" in table) complain("/policy/table", table.error);
  }
}

function checkRule(
  rule: Rule,
  metLater: (family: Family) => boolean,
  path: string,
  complain: Complain,
  places?: () => Places,
): void {
  checkComments(rule, complain);
  const values = readValues(rule.conditions, complain);
  const family = icmpFamily(rule.conditions);
  if (namesBothIcmp(values)) {
    const written = asWritten(values, path, places);
    const kind = written.find((one, index) => ["proto", "icmptype"].includes(one) && index > 0) ?? "icmptype";
    const help = "types differ between the families: write a rule for icmp and one for icmp6";
    complain(`/conditions/${kind}`, {
      code: "icmp-families",
      message: "icmptype for both families",
      help,
    });
    return;
  }
  if (!canHold(values, family)) {
    const never = contradiction(values, family, asWritten(values, path, places));
    const message = `this rule can never hold: ${never.why}`;
    complain(`/conditions/${never.kind}`, {
      code: "never-holds",
      message,
      help: never.help,
    });
  } else warnOfFamily(rule, metLater, values, family, complain);
}

/** The kinds of the conditions that could be read, in the order in which their author wrote them. */
function asWritten(values: Values, path: string, places?: () => Places): ConditionKind[] {
  const kinds = CONDITION_KINDS.filter((kind) => kind !== "state" && values[kind]);
  const known = places?.();
  if (!known) return kinds;
  const place = (kind: ConditionKind) => known.get(`${path}/conditions/${kind}`);
  return kinds.sort((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left && right ? left.line - right.line || left.column - right.column : 0;
  });
}

function namesBothIcmp({ proto, icmptype }: Values): boolean {
  return (
    icmptype !== undefined &&
    proto !== undefined &&
    !proto.not &&
    [ICMP, ICMP6].every((one) => proto.values.includes(one))
  );
}

/**
 * `not src 192.168.0.0/24` does not take "all others": it takes no IPv6 packet. Said only where that makes a
 * difference: the rest of the rule lets that family through, and what an `ignore` lets pass could meet a later rule.
 */
function warnOfFamily(
  rule: Rule,
  metLater: (family: Family) => boolean,
  values: Values,
  icmp: Family,
  complain: Complain,
): void {
  for (const kind of ["src", "dst"] as const) {
    const condition = values[kind];
    if (!condition?.not) continue;
    const family = condition.values[0]?.family ?? 4;
    const other = family === 4 ? 6 : 4;
    if (condition.values.some((address) => address.family === other) || !wouldTake(values, icmp, other))
      continue;
    if (rule.verb === "ignore" && !metLater(other)) continue;
    const text = printCondition(kind, rule.conditions[kind] ?? { not: true, values: [] });
    const message = `${text} holds for IPv${family} packets only`;
    const help = `IPv${other} packets go on to the next rule; to ${rule.verb} them too, add a rule with ${kind} ${other === 4 ? "0.0.0.0/0" : "::/0"}`;
    complain(`/conditions/${kind}`, { code: "one-family", message, help }, "warning");
  }
}

/** Comments are lines of text: what would break out of its line is refused, and what steers a terminal with it. */
const NO_COMMENT = /[^\P{Cc}\t]|\p{Cs}/u;

function checkComments({ comment, note }: { comment: string[]; note: string }, complain: Complain): void {
  const help = "write one entry for each line, without control characters";
  const problem = {
    code: "bad-comment",
    message: "a comment holds a line end or a control character",
    help,
  };
  for (const [index, line] of comment.entries()) {
    if (NO_COMMENT.test(line)) complain(`/comment/${index}`, problem);
  }
  if (NO_COMMENT.test(note)) complain("/note", problem);
}

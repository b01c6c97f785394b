/**
 * Everything that the grammar cannot say, for configs from text and from JSON alike: bad values, names that are
 * taken, rules that can never hold, what a later version brings. An error stops a config from being applied; a
 * warning never changes what it means.
 */
import { checkAction, checkExpect } from "./check-expect.ts";
import { Lists } from "./check-lists.ts";
import { checkRule } from "./check-rule.ts";
import { type Complain, LONGEST_VALUE } from "./check-values.ts";
import { kernelRulesOf, MOST_KERNEL_RULES } from "./config-size.ts";
import type { Diagnostic, Places } from "./diagnostic.ts";
import type { Family } from "./family.ts";
import { familiesOf } from "./holds.ts";
import { keyOf } from "./item-key.ts";
import { expandLists, MOST_EXPANDED, tooLargeItem } from "./lists.ts";
import { parseName } from "./names.ts";
import { type Parse, parseInto, withPlaces } from "./parser.ts";
import { locate, Report } from "./report.ts";
import type { ConditionKind, Config, Expect, Flow, Rule } from "./schema.ts";
import { sharing } from "./sharing.ts";
import { quote } from "./value.ts";

/** Everything wrong with a config, in its order; each diagnostic has a `path` and, in a flow, its name. */
export function check(config: Config): Diagnostic[] {
  const report = new Report();
  checkInto(config, report);
  return report.diagnostics();
}

/**
 * Parses and checks a text: all that is wrong with it, sorted by place. Never throws. `known`: configs whose items the
 * text may repeat, the one that counts most at the end; what is known of those is not worked out again.
 */
export function checkText(text: string, known: readonly Config[] = []): Parse {
  const report = new Report();
  const { places, ...read } = parseInto(text, report);
  const config = known.reduce((shared, one) => sharing(one, shared), read.config);
  checkInto(config, report, places);
  const diagnostics = report.diagnostics();
  return withPlaces({ config, places }, diagnostics.length > 0 ? locate(diagnostics, places()) : []);
}

/** What all of a config's flows are checked with. */
type Context = {
  report: Report;
  lists: Lists;
  /** Names of flows that have been checked. */
  names: Set<string>;
  /** Texts of expectations that have been checked. */
  expected: Set<string>;
  /** The order in which a rule's conditions were written; without it the grammar's counts. */
  places: (() => Places) | undefined;
};

function checkInto(config: Config, report: Report, places?: () => Places): void {
  const lists = new Lists(config);
  const context: Context = { report, lists, names: new Set(), expected: new Set(), places };
  const expanded = expandLists(config);
  for (const [index, item] of config.items.entries()) {
    const pointer = `/items/${index}`;
    if (item.kind === "list") {
      const complain = complainer(report, pointer, { flow: `@${item.name}` });
      checkComments(item, complain);
      context.lists.check(item, complain);
    } else if (item.kind === "expect") {
      const same = expanded.items[index];
      checkExpectation(item, same?.kind === item.kind ? same : item, pointer, context);
    } else {
      const same = expanded.items[index];
      checkFlow(item, same?.kind === item.kind ? same.rules : item.rules, pointer, context);
    }
  }
  checkComments({ comment: config.comment, note: "" }, complainer(report, "", {}));
  checkSize(expanded, report);
  checkLists(config, report);
}

/** Reported once, at the list or flow with which it is too much. */
function checkLists(config: Config, report: Report): void {
  const index = tooLargeItem(config);
  const item = config.items[index ?? -1];
  if (!item) return;
  const message = `up to here lists hold more than ${MOST_EXPANDED} values, with the lists that they name`;
  const help = "name fewer lists in others, or write networks instead of addresses";
  const name = item.kind === "expect" ? undefined : item.kind === "list" ? `@${item.name}` : item.name;
  const where = name === undefined ? "" : "/name";
  complainer(report, `/items/${index}`, { flow: name })(where, { code: "too-many-values", message, help });
}

/** Reported once, at the flow that is too much. */
function checkSize({ items }: Config, report: Report): void {
  const sum = { 4: 0, 6: 0 };
  for (const [index, item] of items.entries()) {
    if (item.kind !== "flow" && item.kind !== "outflow") continue;
    for (const family of [4, 6] as const) sum[family] += kernelRulesOf(item, family);
    const most = Math.max(sum[4], sum[6]);
    if (most <= MOST_KERNEL_RULES) continue;
    const message = `up to here the flows would become ${most} rules of iptables, and ${MOST_KERNEL_RULES} are the most`;
    const help =
      "each combination of a rule's values is one: use networks and ranges, or fewer lists in one rule";
    complainer(report, `/items/${index}`, { flow: item.name })("/name", {
      code: "too-many-rules",
      message,
      help,
    });
    return;
  }
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

/** Flows that name no list, and of which nothing is to say but for their name among others: configs are values. */
const clean = new WeakSet<Flow>();

/** `expanded`: the flow's rules with the values of named lists. */
function checkFlow(flow: Flow, expanded: Rule[], pointer: string, context: Context): void {
  const { report, names } = context;
  const said = report.said;
  if (!clean.has(flow) || names.has(flow.name)) checkFlowAnew(flow, expanded, pointer, context);
  if (report.said === said && expanded === flow.rules) clean.add(flow);
  names.add(flow.name);
}

function checkFlowAnew(flow: Flow, expanded: Rule[], pointer: string, context: Context): void {
  const { report, names } = context;
  const complain = complainer(report, pointer, { flow: flow.name });
  checkComments(flow, complain);
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
  checkPolicy(flow, complain);
  const lastFor = lastRuleFor(expanded);
  for (const [index, rule] of flow.rules.entries()) {
    const path = `${pointer}/rules/${index}`;
    const complain = complainer(report, path, { flow: flow.name, rule: index + 1 });
    checkComments(rule, complain);
    checkRule(rule, {
      expanded: (expanded[index] ?? rule).conditions,
      metLater: (family) => lastFor(family) > index,
      directs: flow.policy?.action === "director",
      lists: context.lists,
      written: (kinds) => asWritten(kinds, path, context.places),
      complain,
    });
  }
}

function checkExpectation(expect: Expect, expanded: Expect, pointer: string, context: Context): void {
  const { report, lists, expected, places } = context;
  const complain = complainer(report, pointer, {});
  checkComments(expect, complain);
  const text = keyOf(expect);
  checkExpect(expect, expected.has(text), {
    expanded: expanded.conditions,
    lists,
    written: (kinds) => asWritten(kinds, pointer, places),
    complain,
  });
  expected.add(text);
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

function checkPolicy({ kind, policy, skipped }: Flow, complain: Complain): void {
  if (policy === null && !skipped) {
    const help = "set skipped, or give it a policy";
    complain("/skipped", {
      code: "missing-policy",
      message: "a flow without a policy is skipped",
      help,
    });
  }
  checkAction(policy, kind === "outflow" ? "out" : "in", "/policy", complain);
}

/** Kinds of conditions in the order in which their author wrote them. */
function asWritten(kinds: ConditionKind[], path: string, places: Context["places"]): ConditionKind[] {
  const known = places?.();
  if (!known) return kinds;
  const place = (kind: ConditionKind) => known.get(`${path}/conditions/${kind}`);
  return kinds.toSorted((a, b) => {
    const [left, right] = [place(a), place(b)];
    return left && right ? left.line - right.line || left.column - right.column : 0;
  });
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

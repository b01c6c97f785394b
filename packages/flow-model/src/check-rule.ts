/** What the conditions of a rule say together: can it hold, does it say what was meant, can the kernel be told. */
import type { Lists } from "./check-lists.ts";
import { type Complain, readValues, type Values } from "./check-values.ts";
import { combinationsOf, LARGE_LIST, MOST_COMBINATIONS } from "./combinations.ts";
import { canHold, contradiction, wouldTake } from "./contradiction.ts";
import type { Family } from "./family.ts";
import { icmpFamily } from "./holds.ts";
import { listKindOf } from "./lists.ts";
import { printValues } from "./printer.ts";
import { ICMP, ICMP6 } from "./protocols.ts";
import { CONDITION_KINDS, type ConditionKind, type Conditions, type Rule } from "./schema.ts";

/** What conditions are checked with. */
export type ConditionsContext = {
  /** The conditions with the values of named lists. */
  expanded: Conditions;
  lists: Lists;
  /** Puts kinds into the order in which their author wrote them. */
  written: (kinds: ConditionKind[]) => ConditionKind[];
  complain: Complain;
};

/** What a rule stands in. */
export type RuleContext = ConditionsContext & {
  /** Could a later rule of its flow take packets of the family? */
  metLater: (family: Family) => boolean;
  /** Is its flow a director's? */
  directs: boolean;
};

export function checkRule(rule: Rule, context: RuleContext): void {
  const { metLater, directs, complain } = context;
  const values = checkConditions(rule.conditions, context, {
    never: (why) => `this rule can never hold: ${why}`,
    another: "a rule",
  });
  if (!values) return;
  checkCombinations(context);
  for (const { kind, text, family, other } of familiesLeftOut(rule.conditions, values)) {
    if (rule.verb === "ignore" && !metLater(other)) continue;
    const message = `not ${kind} ${text} holds for IPv${family} packets only`;
    const help = `IPv${other} packets go on to the next rule; to ${rule.verb} them too, add a rule with ${kind} ${EVERY[other]}`;
    complain(`/conditions/${kind}`, { code: "one-family", message, help }, "warning");
  }
  if (directs && rule.verb === "match") warnOfState(values, complain);
}

/** How to speak of what the conditions stand in. */
type Words = { never: (why: string) => string; another: string };

/**
 * Reports bad values, and conditions that no packet meets together. What the conditions say; null where they have been
 * refused together.
 */
export function checkConditions(
  conditions: Conditions,
  context: ConditionsContext,
  { never, another }: Words,
): Values | null {
  const { expanded, lists, written, complain } = context;
  const values = readValues(conditions, expanded, complain, (text, kind, place) =>
    lists.checkReference(text, listKindOf(kind), place, complain),
  );
  const family = icmpFamily(conditions);
  if (namesBothIcmp(values)) {
    refuseBothIcmp(values, context, another);
    return null;
  }
  if (canHold(values, family)) return values;
  const { kind, why, help } = contradiction(conditions, values, family, written(kindsOf(values)));
  complain(`/conditions/${kind}`, { code: "never-holds", message: never(why), help });
  return null;
}

/** The kinds of the conditions that could be read. */
const kindsOf = (values: Values) => CONDITION_KINDS.filter((kind) => values[kind]);

function namesBothIcmp({ proto, icmptype }: Values): boolean {
  return (
    icmptype !== undefined &&
    proto !== undefined &&
    !proto.not &&
    [ICMP, ICMP6].every((one) => proto.values.includes(one))
  );
}

function refuseBothIcmp(values: Values, { written, complain }: ConditionsContext, another: string): void {
  const kind = written(kindsOf(values)).findLast((one) => one === "proto" || one === "icmptype");
  const help = `types differ between the families: write ${another} for icmp and one for icmp6`;
  const message = "icmptype for both families";
  complain(`/conditions/${kind}`, { code: "icmp-families", message, help });
}

/** The kernel's rules hold no lists: a rule is written once for each combination of its values. */
function checkCombinations({ expanded, complain }: ConditionsContext): void {
  let longest: ConditionKind | null = null;
  let most = 1;
  for (const kind of CONDITION_KINDS) {
    const size = expanded[kind]?.values.length ?? 0;
    if (size > most) [longest, most] = [kind, size];
  }
  if (longest === null) return;
  const count = Math.max(combinationsOf(expanded, 4, LARGE_LIST), combinationsOf(expanded, 6, LARGE_LIST));
  if (count <= MOST_COMBINATIONS) return;
  const message = `this rule would become ${count} rules of iptables, and ${MOST_COMBINATIONS} are the most`;
  const help = "each combination of its values is one: use networks and ranges, or several rules";
  complain(`/conditions/${longest}`, { code: "too-many-combinations", message, help });
}

/** Every address of a family. */
export const EVERY: Readonly<Record<Family, string>> = { 4: "0.0.0.0/0", 6: "::/0" };

type LeftOut = { kind: "src" | "dst"; text: string; family: Family; other: Family };

/**
 * `not src 192.168.0.0/24` does not take "all others": it takes no IPv6 packet. Those negated addresses that keep a
 * family out which the other conditions let through.
 */
export function familiesLeftOut(conditions: Conditions, values: Values): LeftOut[] {
  const icmp = icmpFamily(conditions);
  return (["src", "dst"] as const).flatMap((kind): LeftOut[] => {
    const condition = values[kind];
    if (!condition?.not) return [];
    const [family, other]: [Family, Family] = condition.set[4].length > 0 ? [4, 6] : [6, 4];
    if (condition.set[other].length > 0 || !wouldTake(values, icmp, other)) return [];
    return [{ kind, text: printValues(kind, conditions[kind]?.values ?? []), family, other }];
  });
}

/** IPVS needs every packet of a connection, not only the first. */
function warnOfState({ state }: Values, complain: Complain): void {
  if (!state || state.values.includes("established") !== state.not) return;
  const message = "this rule leaves out established: packets of a connection that stands miss the director";
  const help = "a director needs all of a connection: write state { new, established }, or leave state out";
  complain("/conditions/state", { code: "director-state", message, help }, "warning");
}

/**
 * How many iptables rules a whole config may become. Each rule has a limit of its own; this one is for many of them
 * together, which would otherwise fill the memory of the server that compiles them.
 */
import { combinationsOf, LARGE_LIST } from "./combinations.ts";
import type { Family } from "./family.ts";
import { CONDITION_KINDS, type ConditionKind, type Conditions, type Flow, type Rule } from "./schema.ts";

/** Most iptables rules of a family: compiling so many takes some 300 MB, and loading them into nft half a minute. */
export const MOST_KERNEL_RULES = 200_000;

/**
 * At most so many iptables rules does a flow become in a family, named lists expanded, where more than `largeList`
 * networks are a set; 0 for one that is not on.
 * Negated lists that chains decide (see the compiler's `split.ts`) repeat rules once for each class at the most.
 */
export function kernelRulesOf(flow: Flow, family: Family, largeList = LARGE_LIST): number {
  if (largeList !== LARGE_LIST) return count(flow, family, largeList);
  let known = counted.get(flow);
  if (!known) {
    known = { 4: count(flow, 4, largeList), 6: count(flow, 6, largeList) };
    counted.set(flow, known);
  }
  return known[family];
}

/** Flows are values: of ten thousand an edit counts one anew. */
const counted = new WeakMap<Flow, Record<Family, number>>();

function count({ policy, skipped, rules }: Flow, family: Family, largeList: number): number {
  if (policy === null || skipped) return 0;
  const on = rules.filter(({ off }) => !off);
  const marks = policy.action === "director" || policy.action === "table";
  const sum = on.reduce((total, { conditions }) => total + atMost(conditions, family, largeList), 0);
  const classes =
    (1 + classesOf(on, "iface", 1)) * (1 + classesOf(on, "proto", 1)) * (1 + classesOf(on, "icmptype", 12));
  return sum * (marks ? 2 : 1) * classes;
}

/** `combinationsOf`, without reading the values of rules that have one in each condition: most are such. */
function atMost(conditions: Conditions, family: Family, largeList: number): number {
  const single = CONDITION_KINDS.every((kind) => (conditions[kind]?.values.length ?? 1) === 1);
  if (!single) return combinationsOf(conditions, family, largeList);
  const { proto, srcport, dstport } = conditions;
  // Ports without a protocol are those of tcp and of udp.
  return (srcport || dstport) && (proto?.not ?? true) ? 2 : 1;
}

/** Values of the negated lists of a kind that are longer than what one iptables rule can negate. */
function classesOf(rules: readonly Rule[], kind: ConditionKind, longest: number): number {
  const values = new Set<string>();
  for (const { conditions } of rules) {
    const condition = conditions[kind];
    if (!condition?.not || condition.values.length <= longest) continue;
    for (const value of condition.values) values.add(value);
  }
  return values.size;
}

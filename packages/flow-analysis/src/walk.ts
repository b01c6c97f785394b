/** A packet's way through the flows. One walk for the tester and for whoever wants only the verdict. */
import {
  type Config,
  expandLists,
  type Flow,
  flowsOf,
  type Held,
  KNOWN_TABLES,
  type MeaningOptions,
  type Packet,
  parseTable,
  type Rule,
  ruleHolds,
  SPARE_BOTH,
  takesIcmpError,
} from "@flowmgr/flow-model";

export type Verdict = {
  action: "permit" | "deny" | "director" | "table" | "undecided";
  /** Name of the director, when the action is `director`. */
  director?: string;
  /** Number of the table, when the action is `table`; absent when nobody knows the number of its name. */
  table?: number;
};

export type Decision = {
  verdict: Verdict;
  /** Name of the flow that decided; null when none did. */
  flow: string | null;
  /** Number of its rule from 1, rules that are off included; null too for a director's ICMP errors. */
  rule: number | null;
  /** True when it is an ICMP error that a director's connections need. */
  icmpErrors: boolean;
};

export type TraceOptions = Partial<MeaningOptions> & {
  /** Numbers of the machine's tables by name (rt_tables); `main` and `default` are known without. */
  tables?: ReadonlyMap<string, number>;
};

/**
 * One rule that the packet met, as it is written and with the values of named lists; without them the end of a
 * director flow, which took its ICMP error.
 */
export type Met = {
  flow: Flow;
  number: number | null;
  rule: { written: Rule; expanded: Rule } | null;
  held: Held;
};

export function meaningOf({ loopback, neighbours }: TraceOptions): MeaningOptions {
  return { loopback: loopback ?? SPARE_BOTH.loopback, neighbours: neighbours ?? SPARE_BOTH.neighbours };
}

/** What becomes of a packet that no flow decides. */
export const UNDECIDED: Decision = {
  verdict: { action: "undecided" },
  flow: null,
  rule: null,
  icmpErrors: false,
};

/** Walks until a flow decides; `meet` is told each rule that was tried, in order. */
export function walk(
  config: Config,
  packet: Packet,
  options: TraceOptions,
  meet: (met: Met) => void,
): Decision {
  const meaning = meaningOf(options);
  const kind = packet.direction === "in" ? "flow" : "outflow";
  const expanded = flowsOf(expandLists(config));
  for (const [index, flow] of flowsOf(config).entries()) {
    if (flow.kind !== kind || flow.skipped || !flow.policy) continue;
    const end = visit(flow, expanded[index] ?? flow, packet, meaning, meet);
    if (end === "on") continue;
    return { verdict: verdictOf(flow, options), flow: flow.name, ...end };
  }
  return UNDECIDED;
}

/** What ends the visit to one flow; `on`: the packet goes on to the next. */
function visit(
  flow: Flow,
  expanded: Flow,
  packet: Packet,
  meaning: MeaningOptions,
  meet: (met: Met) => void,
): "on" | { rule: number | null; icmpErrors: boolean } {
  for (const [index, rule] of expanded.rules.entries()) {
    if (rule.off) continue;
    const held = ruleHolds(rule, packet, meaning);
    const written = flow.rules[index] ?? rule;
    meet({ flow, number: index + 1, rule: { written, expanded: rule }, held });
    if (held.holds) return rule.verb === "ignore" ? "on" : { rule: index + 1, icmpErrors: false };
  }
  if (!takesIcmpError(expanded, packet, meaning)) return "on";
  meet({ flow, number: null, rule: null, held: { holds: true } });
  return { rule: null, icmpErrors: true };
}

/** The verdict of a flow that is on. */
export function verdictOf(
  { policy }: Pick<Flow, "policy">,
  { tables = KNOWN_TABLES }: TraceOptions,
): Verdict {
  if (!policy) return UNDECIDED.verdict;
  if (policy.action !== "table") return policy;
  const table = parseTable(policy.table);
  if ("error" in table) return { action: "table" };
  const number = "number" in table.ok ? table.ok.number : tables.get(table.ok.name);
  return number === undefined ? { action: "table" } : { action: "table", table: number };
}

/** Equal for flows that are known to do the same: tables whose numbers nobody knows are told apart by their names. */
export function verdictKey(flow: Pick<Flow, "policy">, options: TraceOptions): string {
  const verdict = verdictOf(flow, options);
  const isKnown = verdict.action !== "table" || verdict.table !== undefined;
  return JSON.stringify(isKnown ? verdict : flow.policy);
}

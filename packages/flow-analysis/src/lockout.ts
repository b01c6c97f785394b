/** Packets on which somebody's way in hangs, and which of them a config would drop or send elsewhere. */
import type { Conditions, Config, Family, Packet } from "@flowmgr/flow-model";
import type { Deciders } from "./differences.ts";
import type { AnalysisOptions } from "./options.ts";
import { decisionsOf } from "./space/asked.ts";
import type { Judged, Space } from "./space/decisions.ts";
import { describeSet } from "./space/described.ts";
import { spaceAround } from "./space/narrow.ts";
import { within } from "./space/node-store.ts";
import { type Direction, type JudgingRule, nameOf } from "./space/rules.ts";
import { type Verdict, verdictOf } from "./walk.ts";

/** A set of packets that is to get through. */
export type Guarded = {
  /** connection: who asks; admin: a port of ssh or of the page; replies: to what the machine opened; vrrp: keepalived. */
  what: "connection" | "admin" | "replies" | "vrrp";
  direction: Direction;
  /** As a rule has them, without lists; what is spared is meant only where they name it. */
  conditions: Conditions;
  /** For people: "your connection from 10.0.0.7 to port 8080". */
  name: string;
  /** Does an apply stop at it? */
  blocks: boolean;
  /** It is lost only when all of its packets are; otherwise when any is. */
  some?: true;
};

/** Packets of a guarded set with one verdict that is neither `permit` nor `undecided`. */
export type LostPackets = {
  /** Index among the guarded sets. */
  guarded: number;
  decider: Deciders;
  /** A likely one of them. */
  packet: Packet;
};

export type Lockouts = {
  /** `partial`: some guarded set is not proven to get through; what was found is true all the same. */
  status: "complete" | "partial";
  /** In the order of the guarded sets. */
  findings: LostPackets[];
};

/** Edges for one guarded set: some 300 ms. */
const MOST_EDGES = 1_000_000;
/** Most rules named beside a finding. */
const MOST_NAMED = 5;

/** What a config that `check` finds no error in takes from the guarded sets. */
export function findLockouts(
  config: Config,
  guarded: readonly Guarded[],
  options: AnalysisOptions = {},
): Lockouts {
  const results = guarded.map((): Result[] => []);
  for (const direction of ["in", "out"] as const) {
    const places = guarded.flatMap((one, at) => (one.direction === direction ? [at] : []));
    if (places.length === 0) continue;
    const asked = places.flatMap((at) => guarded[at]?.conditions ?? []);
    for (const family of [4, 6] as const) {
      const found = within(() => judge(config, direction, family, asked, options));
      for (const [index, at] of places.entries()) results[at]?.push(found?.[index] ?? "open");
    }
  }
  const isOpen = (one: Result) => one === "open";
  const findings = guarded.flatMap(({ some }, index) => {
    const all = results[index] ?? [];
    // One packet that gets through is enough, and so is that nothing is known of a family.
    const passes = all.some((one) => one === "open" || one.passes);
    if (some && passes) return [];
    return merged(
      all.flatMap((one) => (one === "open" ? [] : one.lost)),
      options,
    ).map((lost) => ({
      guarded: index,
      ...lost,
    }));
  });
  const partial = guarded.some(({ some }, index) => {
    const all = results[index] ?? [];
    return all.some(isOpen) && !(some && all.some((one) => one !== "open" && one.passes));
  });
  return { status: partial ? "partial" : "complete", findings };
}

/** One guarded set in one family; `open`: not proven in time. */
type Result = "open" | { passes: boolean; lost: Lost[] };

/** What one rule takes. */
type Lost = { rule: JudgingRule; packet: Packet };

/** Throws TooLarge when asked to stop before anything is known. */
function judge(
  config: Config,
  direction: Direction,
  family: Family,
  asked: readonly Conditions[],
  options: AnalysisOptions,
): Result[] {
  const space = spaceAround([config], direction, family, options, asked);
  const [judged] = space.judged;
  if (!judged) return [];
  return asked.map((conditions) => {
    space.renew(MOST_EDGES);
    return within(() => lostOf(space, judged, conditions, options)) ?? "open";
  });
}

/** Throws TooLarge. */
function lostOf(space: Space, judged: Judged, conditions: Conditions, options: AnalysisOptions): Result {
  const { diagram } = space;
  const { decisions } = decisionsOf(space, judged, conditions);
  const ruleAt = (number: number) => judged.rules[number - judged.base];
  const isLost = (number: number) => {
    const rule = ruleAt(number);
    return number > 0 && rule !== undefined && !getsThrough(verdictOf(rule.flow, options));
  };
  const numbers = [...diagram.terminals(decisions)].filter((number) => number > 0);
  const lost = numbers.filter(isLost).flatMap((number): Lost[] => {
    const rule = ruleAt(number);
    const set = diagram.map(decisions, (other) => (other === number ? 1 : 0));
    const [region] = describeSet(space, set, 1).regions;
    return rule && region ? [{ rule, packet: region.packet }] : [];
  });
  return { passes: numbers.some((number) => !isLost(number)), lost };
}

const getsThrough = ({ action }: Verdict) => action === "permit" || action === "undecided";

/** By verdict, those whose rules come first first. */
function merged(lost: readonly Lost[], options: AnalysisOptions): Omit<LostPackets, "guarded">[] {
  const place = ({ flowIndex, rule, flow }: JudgingRule) => [flowIndex, rule ?? flow.rules.length] as const;
  const inOrder = lost.toSorted((a, b) => {
    const [[flowA, ruleA], [flowB, ruleB]] = [place(a.rule), place(b.rule)];
    return flowA - flowB || ruleA - ruleB;
  });
  const byVerdict = new Map<string, Lost[]>();
  for (const one of inOrder) {
    const key = JSON.stringify(verdictOf(one.rule.flow, options));
    byVerdict.set(key, [...(byVerdict.get(key) ?? []), one]);
  }
  return [...byVerdict.values()].flatMap((all) => {
    const [first] = all;
    if (!first) return [];
    const names = new Map(all.map(({ rule }) => [JSON.stringify(nameOf(rule)), nameOf(rule)]));
    const by = [...names.values()];
    const decider = {
      verdict: verdictOf(first.rule.flow, options),
      by: by.slice(0, MOST_NAMED),
      others: Math.max(0, by.length - MOST_NAMED),
    };
    return [{ decider, packet: first.packet }];
  });
}

/** Packets on which somebody's way in hangs, and which of them a config would drop or send elsewhere. */
import type { Conditions, Config, Family, Packet } from "@flowmgr/flow-model";
import type { Deciders } from "./differences.ts";
import type { AnalysisOptions } from "./options.ts";
import { decisionsOf } from "./space/asked.ts";
import type { Judged, Space } from "./space/decisions.ts";
import { likelyPacket, sharesOf } from "./space/described.ts";
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
  /** The rules in the order of the config; where all of a set has to be lost, those with the greediest's verdict, it first. */
  decider: Deciders;
  /** A likely one of them. */
  packet: Packet;
};

export type Lockouts = {
  /** `partial`: some guarded set is not proven to get through; what was found is true all the same. */
  status: "complete" | "partial";
  /** In the order of the guarded sets; one for a set of which all has to be lost, else one for each verdict. */
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
    const asked = places.flatMap((at) => guarded[at] ?? []);
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
    const lost = all.flatMap((one) => (one === "open" ? [] : one.lost));
    const told = merged(lost).slice(0, some ? 1 : undefined);
    return told.map((finding) => ({ guarded: index, ...finding }));
  });
  const partial = guarded.some(({ some }, index) => {
    const all = results[index] ?? [];
    return all.some(isOpen) && !(some && all.some((one) => one !== "open" && one.passes));
  });
  return { status: partial ? "partial" : "complete", findings };
}

/** One guarded set in one family; `open`: not proven in time. */
type Result = "open" | { passes: boolean; lost: Lost[] };

/** What one rule takes; a packet of it where it is the first with its verdict; what part of all packets where that counts. */
type Lost = { rule: JudgingRule; verdict: Verdict; packet: Packet | null; share: number };

/** Throws TooLarge when asked to stop before anything is known. */
function judge(
  config: Config,
  direction: Direction,
  family: Family,
  asked: readonly Guarded[],
  options: AnalysisOptions,
): Result[] {
  const conditions = asked.map((one) => one.conditions);
  const space = spaceAround([config], direction, family, options, conditions);
  const [judged] = space.judged;
  if (!judged) return [];
  return asked.map((one) => {
    space.renew(MOST_EDGES);
    return within(() => lostOf(space, judged, one, options)) ?? "open";
  });
}

/** Throws TooLarge. */
function lostOf(
  space: Space,
  judged: Judged,
  { conditions, some }: Guarded,
  options: AnalysisOptions,
): Result {
  const { diagram } = space;
  const { decisions } = decisionsOf(space, judged, conditions);
  // In the order of the config, behind them what no rule decides.
  const numbers = [...diagram.terminals(decisions)].filter((number) => number > 0).sort((a, b) => a - b);
  const deciding = numbers.flatMap((number) => {
    const rule = judged.rules[number - judged.base];
    return rule ? [{ number, rule, verdict: verdictOf(rule.flow, options) }] : [];
  });
  const taking = deciding.filter(({ verdict }) => !getsThrough(verdict));
  const passes = taking.length < numbers.length;
  if (some && passes) return { passes, lost: [] };
  // Where all is lost, the greediest rule is to blame; where any is, the one that has to be got ahead of.
  const shares = some ? sharesOf(space, decisions) : null;
  const shareOf = (number: number) => shares?.get(number) ?? 0;
  taking.sort((a, b) => shareOf(b.number) - shareOf(a.number) || a.number - b.number);
  // The ICMP errors that a director's flow takes at its end do not get through, but by design: nobody is to blame.
  const blamed = taking.filter(({ rule }) => rule.rule !== null);
  const sampled = new Set<string>();
  const lost = blamed.map(({ number, rule, verdict }): Lost => {
    const key = JSON.stringify(verdict);
    const share = shareOf(number);
    if (sampled.has(key)) return { rule, verdict, packet: null, share };
    sampled.add(key);
    const set = diagram.map(decisions, (other) => (other === number ? 1 : 0));
    return { rule, verdict, packet: likelyPacket(space, set), share };
  });
  return { passes, lost };
}

const getsThrough = ({ action }: Verdict) => action === "permit" || action === "undecided";

/** By verdict, of both families together; the greedy ones first, then those whose rules come first. */
function merged(lost: readonly Lost[]): Omit<LostPackets, "guarded">[] {
  const place = ({ rule: { flowIndex, rule, flow } }: Lost) =>
    [flowIndex, rule ?? flow.rules.length] as const;
  const inOrder = lost.toSorted((a, b) => {
    const [[flowA, ruleA], [flowB, ruleB]] = [place(a), place(b)];
    return b.share - a.share || flowA - flowB || ruleA - ruleB;
  });
  const byVerdict = new Map<string, Lost[]>();
  for (const one of inOrder) {
    const key = JSON.stringify(one.verdict);
    const same = byVerdict.get(key);
    if (same) same.push(one);
    else byVerdict.set(key, [one]);
  }
  return [...byVerdict.values()].flatMap((all) => {
    const first = all.find(({ packet }) => packet !== null);
    if (!first?.packet) return [];
    const names = new Map(all.map(({ rule }) => [JSON.stringify(nameOf(rule)), nameOf(rule)]));
    const by = [...names.values()];
    const others = Math.max(0, by.length - MOST_NAMED);
    return [
      { decider: { verdict: first.verdict, by: by.slice(0, MOST_NAMED), others }, packet: first.packet },
    ];
  });
}

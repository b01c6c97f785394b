/** A flow as chains of one family. */
import {
  type Family,
  type Flow,
  ICMP_ERROR_TYPES,
  icmpErrorDestinations,
  LARGE_LIST,
  setOf,
} from "@flowmgr/flow-model";
import { fnv1a } from "./hash.ts";
import { ANY, type Asked, askedBy, type Direction, matchWords } from "./match.ts";
import { addressMatch, setMatch } from "./match-address.ts";
import { icmpWords } from "./match-payload.ts";
import type { Chain, ChainRule, FamilyName } from "./program.ts";
import { type Part, type Split, splitsOf } from "./split.ts";
import { join } from "./words.ts";

/** A flow that is on, in one family. */
export type FamilyFlow = { flow: Flow; family: Family; parts: Part[] } & Done;

/** What is done to the packets of a flow's matches. */
export type Done = {
  /** In iptables' words; the last one ends the visit. */
  targets: string[];
  /** The index of the mark that it gives, and for a table its number; null where it gives none. */
  mark: { index: number; table: number | null } | null;
};

/** A `flow` judges what comes in, an `outflow` what leaves. */
export function directionOf({ kind }: Flow): Direction {
  return kind === "flow" ? "in" : "out";
}

/** Is the flow visited? One without a policy never is. */
export function isOn(flow: Flow): boolean {
  return flow.policy !== null && !flow.skipped;
}

const FAMILIES = { ip: 4, ip6: 6 } as const satisfies Record<FamilyName, Family>;

/** The families in which a rule that is on can match; lists have to be expanded before. */
export function familiesOf(flow: Flow): FamilyName[] {
  return (["ip", "ip6"] as const).filter((name) =>
    partsOf(flow, FAMILIES[name]).some(({ verb }) => verb === "match"),
  );
}

/** The rules, from 1, that are on and can hold in the family; lists have to be expanded before. */
export function rulesOf(flow: Flow, family: FamilyName): number[] {
  return partsOf(flow, FAMILIES[family]).flatMap(({ rule }) => rule ?? []);
}

type Known = Record<Family, WeakMap<Flow, Part[]>>;

/** Flows are values, and an edit leaves most of them. By the size of a large list, of which a process knows one. */
const known = new Map<number, Known>();

/**
 * The rules that are on and can hold in the family, in order; behind them a director's ICMP errors. More than
 * `largeList` networks are asked of a set.
 */
export function partsOf(flow: Flow, family: Family, largeList = LARGE_LIST): Part[] {
  const before = known.get(largeList) ?? { 4: new WeakMap(), 6: new WeakMap() };
  known.set(largeList, before);
  let parts = before[family].get(flow);
  if (!parts) {
    parts = findParts(flow, family, largeList);
    before[family].set(flow, parts);
  }
  return parts;
}

function findParts(flow: Flow, family: Family, largeList: number): Part[] {
  const parts: Part[] = [];
  for (const [index, { off, verb, conditions }] of flow.rules.entries()) {
    if (off) continue;
    const asked = askedBy(conditions, family, directionOf(flow), largeList);
    if (asked.matches.length === 0) continue;
    const { matches, notIface, notProto, notType, sets } = asked;
    parts.push({ rule: index + 1, verb, conditions, matches, notIface, notProto, notType, sets });
  }
  const errors = icmpErrors(flow, family, largeList);
  if (errors.matches.length > 0) parts.push({ rule: null, verb: "match", conditions: null, ...errors });
  return parts;
}

const NONE: Asked = { matches: [], notIface: [], notProto: [], notType: [], sets: [] };

/** ICMP errors about a director's connections belong to it too, or path-MTU discovery breaks. */
function icmpErrors(flow: Flow, family: Family, largeList: number): Asked {
  const destinations = icmpErrorDestinations(flow);
  // Most flows have none.
  if (destinations.length === 0) return NONE;
  const networks = setOf(destinations).networks[family];
  const large = networks.length > largeList ? setMatch("-d", networks, family) : null;
  const asked = large
    ? [large.match]
    : networks.map((network) => ({ words: addressMatch("-d", network), ranges: "" }));
  const matches = asked.flatMap(({ words, ranges }) =>
    ICMP_ERROR_TYPES[family].map((type) => {
      const { proto, modules } = icmpWords(family, { type, code: null });
      return { ...ANY, dst: words, proto, extension: join(ranges, modules) };
    }),
  );
  return { ...NONE, matches, sets: large ? [large.set] : NONE.sets };
}

/** The chain of the flow itself: `@` keeps it apart from targets, built-in chains and options. */
export function chainName(flow: Flow): string {
  return `@${flow.name}`;
}

/**
 * The name of a chain below the flow's own, for a class of packets that meets only some of its rules. A flow's name
 * holds no `@`, so this one is no flow's; it depends on what the chain is for, not on what it holds, so it stays.
 */
export function classChainName(flow: Flow, className: string): string {
  return `@@${fnv1a(`${flow.name} ${className}`)}`;
}

/** Back to where the chain was called from. */
export const LEAVE = "-j RETURN";

/**
 * The chain `name` with these rules of the flow, and behind it those below that its negated lists need. `within` is
 * what the chain is for, and so part of the names of those below.
 */
export function chainsFor(one: FamilyFlow, parts: readonly Part[], name: string, within: string): Chain[] {
  const isPlain = (part: Part) => part.notIface.length + part.notProto.length + part.notType.length === 0;
  // Most flows have no such list; there are ten thousand of them.
  const splits = parts.every(isPlain) ? [] : splitsOf(one.family, directionOf(one.flow));
  return build(parts, name, within, splits);

  function build(met: readonly Part[], top: string, path: string, splits: readonly Split[]): Chain[] {
    const [split, ...finer] = splits;
    if (!split) return [{ name: top, rules: chainRules(one, met) }];
    const guards: ChainRule[] = [];
    const below: Chain[] = [];
    // Classes that can meet the same rules share a chain: those of one list usually do.
    const shared = new Map<string, string>();
    for (const { guard, parts: left } of split.classes(met)) {
      if (left.length === 0) {
        guards.push({ words: join(guard, LEAVE) });
        continue;
      }
      const rules = left.map(({ rule }) => rule).join();
      const inside = join(path, guard);
      const target = shared.get(rules) ?? classChainName(one.flow, inside);
      guards.push({ words: join(guard, `-g ${target}`) });
      if (!shared.has(rules)) below.push(...build(left, target, inside, finer));
      shared.set(rules, target);
    }
    const [own, ...others] = build(split.others(met), top, path, finer);
    return [{ name: top, rules: [...guards, ...(own?.rules ?? [])] }, ...others, ...below];
  }
}

/**
 * The rules of a chain. A policy that marks takes two iptables rules with the same match: MARK goes on, ACCEPT
 * ends the visit, and only it is counted.
 */
function chainRules({ flow, targets }: FamilyFlow, parts: readonly Part[]): ChainRule[] {
  return parts.flatMap(({ rule, verb, matches }) => {
    const source = { flow: flow.name, rule };
    const jumps = verb === "ignore" ? ["-j RETURN"] : targets;
    return matches.flatMap((match) => {
      const asked = matchWords(match);
      return jumps.map((jump, i): ChainRule => {
        const words = join(asked, jump);
        return i < jumps.length - 1 ? { words, source } : { words, source, counts: true };
      });
    });
  });
}

/** A flow as chains of one family. */
import {
  type Conditions,
  type Family,
  type Flow,
  ICMP_ERROR_TYPES,
  icmpErrorDestinations,
} from "@flowmgr/flow-model";
import { ANY, addressMatch, icmpWords, join, type Match, matchesOf, matchWords } from "./match.ts";
import type { ChainRule } from "./program.ts";

/** A rule of a flow as one family sees it, or its ICMP errors. */
export type Part = {
  /** As in the config, from 1; null for the flow's ICMP errors. */
  rule: number | null;
  verb: "match" | "ignore";
  /** What the rule asks; null for the ICMP errors, which name no class of packets. */
  conditions: Conditions | null;
  matches: Match[];
};

/** A flow that is on, in one family. */
export type FamilyFlow = { flow: Flow; parts: Part[]; targets: string[] };

/** Is the flow visited? One without a policy never is. */
export function isOn(flow: Flow): boolean {
  return flow.policy !== null && !flow.skipped;
}

/** The rules that are on and can hold in the family, in order; behind them a director's ICMP errors. */
export function partsOf(flow: Flow, family: Family): Part[] {
  const parts: Part[] = [];
  for (const [index, { off, verb, conditions }] of flow.rules.entries()) {
    const matches = off ? [] : matchesOf(conditions, family);
    if (matches.length > 0) parts.push({ rule: index + 1, verb, conditions, matches });
  }
  const errors = icmpErrorMatches(flow, family);
  if (errors.length > 0) parts.push({ rule: null, verb: "match", conditions: null, matches: errors });
  return parts;
}

/** ICMP errors about a director's connections belong to it too, or path-MTU discovery breaks. */
function icmpErrorMatches(flow: Flow, family: Family): Match[] {
  const networks = icmpErrorDestinations(flow).filter((network) => network.family === family);
  const destinations = new Set(networks.map((network) => addressMatch("-d", network)));
  return [...destinations].flatMap((dst) =>
    ICMP_ERROR_TYPES[family].map((type) => ({
      ...ANY,
      dst,
      ...icmpWords(family, String(type)),
    })),
  );
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

/** FNV-1a, 64 bits, as 16 hex digits: short, stable, and no need for more. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}

/**
 * The rules of a chain. A policy that marks takes two iptables rules with the same match: MARK goes on, ACCEPT
 * ends the visit, and only it is counted.
 */
export function chainRules({ flow, targets }: FamilyFlow, parts: readonly Part[]): ChainRule[] {
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

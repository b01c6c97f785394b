/** The chains of a program, rule by rule, as what they ask and what they do. */
import type { Test } from "./restore-tests.ts";

/** What a rule does with a packet that meets all its tests. */
export type Target =
  | { does: "accept" | "drop" | "return" | "nothing" }
  /** The bits of `keep` stay, those of `xor` are turned over. */
  | { does: "mark"; keep: number; xor: number }
  /** `goto`: behind its end the packet goes on where this chain was called from. */
  | { does: "jump" | "goto"; chain: string };

export type ReadRule = {
  /** As it stands in the text: `-A FLOWS -i lo -j RETURN`. */
  text: string;
  /** Equal for rules that ask the same. */
  asks: string;
  tests: readonly Test[];
  target: Target;
};

export type Chains = ReadonlyMap<string, readonly ReadRule[]>;

/** The rules of a chain that lead to other chains. Chains are values, and an edit leaves most of them. */
export function leaving(rules: readonly ReadRule[]): readonly { rule: ReadRule; to: string }[] {
  const known = leavingBy.get(rules);
  if (known) return known;
  const found = rules.flatMap((rule) => {
    const { target } = rule;
    return target.does === "jump" || target.does === "goto" ? [{ rule, to: target.chain }] : [];
  });
  const kept = found.length === 0 ? NO_CHAIN : found;
  leavingBy.set(rules, kept);
  return kept;
}

const leavingBy = new WeakMap<readonly ReadRule[], readonly { rule: ReadRule; to: string }[]>();
/** The rules of a chain that is not there. */
export const NO_CHAIN: readonly never[] = [];

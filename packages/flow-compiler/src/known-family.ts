/** What is known of the last program of a family: what is equal in the next one is the same value there. */
import { chainName, chainsFor, type FamilyFlow } from "./chains.ts";
import type { KnownDispatch } from "./dispatch.ts";
import { Kept, sameValues } from "./kept.ts";
import type { Chain, ChainRule, FamilyProgram } from "./program.ts";
import type { Part } from "./split.ts";

type KnownFlow = { parts: readonly Part[]; targets: readonly string[]; chains: Chain[] };

export class KnownFamily {
  readonly dispatch: KnownDispatch = { entries: new Kept(), trees: new Kept() };
  readonly #flows = new Kept<KnownFlow>();
  readonly #chains = new Kept<Chain>();
  #last: FamilyProgram | null = null;

  /** The chains of a flow, without those for classes of packets. */
  chainsOf(one: FamilyFlow): Chain[] {
    const { flow, parts, targets } = one;
    return this.#flows.take(flow.name, (before) => {
      if (before?.parts === parts && sameValues(before.targets, targets)) return before;
      return { parts, targets, chains: chainsFor(one, parts, chainName(flow), "") };
    }).chains;
  }

  /** The program with what is equal in the one before taken from there, down to its chains. */
  done(made: FamilyProgram): FamilyProgram {
    const chains = made.chains.map((chain) =>
      this.#chains.take(chain.name, (before) => (before && sameRules(before, chain) ? before : chain)),
    );
    const last = this.#last;
    const program = { ...made, chains };
    this.#last = last && sameProgram(last, program) ? last : program;
    for (const kept of [this.dispatch.entries, this.dispatch.trees, this.#flows, this.#chains]) kept.turn();
    return this.#last;
  }
}

function sameProgram(one: FamilyProgram, other: FamilyProgram): boolean {
  const besides = ({ hooks, ipRules, routes }: FamilyProgram) => JSON.stringify([hooks, ipRules, routes]);
  return sameValues(one.chains, other.chains) && besides(one) === besides(other);
}

function sameRules({ rules }: Chain, other: Chain): boolean {
  return (
    rules === other.rules ||
    (rules.length === other.rules.length && rules.every((rule, at) => sameRule(rule, other.rules[at])))
  );
}

function sameRule(one: ChainRule, other: ChainRule | undefined): boolean {
  if (one === other || !other) return one === other;
  const [from, to] = [one.source, other.source];
  return (
    one.words === other.words &&
    one.counts === other.counts &&
    from?.flow === to?.flow &&
    from?.rule === to?.rule
  );
}

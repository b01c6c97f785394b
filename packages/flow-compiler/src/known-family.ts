/** What is known of the last program of a family: what is equal in the next one is the same value there. */
import { chainName, chainsFor, type FamilyFlow } from "./chains.ts";
import type { KnownDispatch } from "./dispatch.ts";
import { Kept, sameValues } from "./kept.ts";
import type { Chain, ChainRule, FamilyProgram } from "./program.ts";
import { KnownRouting } from "./routing.ts";
import type { Part } from "./split.ts";

type KnownFlow = { parts: readonly Part[]; targets: readonly string[]; chains: Chain[] };

export class KnownFamily {
  readonly routing = new KnownRouting();
  readonly dispatch: KnownDispatch = { entries: new Kept(), trees: new Kept() };
  readonly #flows = new Kept<KnownFlow>();
  readonly #chains = new Kept<Chain>();
  #last: { values: readonly unknown[]; program: FamilyProgram } | null = null;

  /** The chains of a flow, without those for classes of packets. */
  chainsOf(one: FamilyFlow): Chain[] {
    const { flow, parts, targets } = one;
    return this.#flows.take(flow.name, (before) => {
      if (before?.parts === parts && sameValues(before.targets, targets)) return before;
      return { parts, targets, chains: chainsFor(one, parts, chainName(flow), "") };
    }).chains;
  }

  /** The last program, when it was made from these values; null when from others. */
  madeFrom(values: readonly unknown[]): FamilyProgram | null {
    return this.#last && sameValues(this.#last.values, values) ? this.#last.program : null;
  }

  /** The program made from the values, with what is equal in the one before taken from there, down to its chains. */
  done(values: readonly unknown[], made: FamilyProgram): FamilyProgram {
    const chains = made.chains.map((chain) =>
      this.#chains.take(chain.name, (before) => (before && sameRules(before, chain) ? before : chain)),
    );
    const before = this.#last?.program;
    const isSame = before && sameBeside(before, made) && sameValues(before.chains, chains);
    const program = isSame ? before : { ...made, chains };
    this.#last = { values, program };
    for (const kept of [this.dispatch.entries, this.dispatch.trees, this.#flows, this.#chains]) kept.turn();
    return program;
  }
}

function sameBeside(one: FamilyProgram, other: FamilyProgram): boolean {
  return (["hooks", "ipRules", "routes"] as const).every(
    (field) => one[field] === other[field] || JSON.stringify(one[field]) === JSON.stringify(other[field]),
  );
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

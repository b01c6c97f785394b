/** Who a mark belongs to, and what becomes of it on its way to IPVS. */
import type { Family, Packet } from "@flowmgr/flow-model";
import type { Verdict } from "../walk.ts";
import type { Chains } from "./chains.ts";
import { type Outcome, UNTOUCHED } from "./outcomes.ts";
import { passageOf } from "./passage.ts";
import { reachedFrom, requireEnd } from "./text-world.ts";
import { UnreadableProgram } from "./unreadable.ts";

/** Indices under the mask, from 1, of directors by name and of tables by number. */
export type OwnedMarks = {
  directors: { readonly [name: string]: number };
  tables: { readonly [table: string]: number };
};

export class MarkOwners {
  readonly #mask: number;
  readonly #byOwner = new Map<string, number>();
  readonly #byMark = new Map<number, Verdict>();
  /** Those that some flow gives in the family. */
  readonly given = new Set<number>();

  /** Throws UnreadableProgram where two own one mark, or the mask does not hold it. */
  constructor({ directors, tables }: OwnedMarks, mask: number) {
    this.#mask = mask >>> 0;
    const lowest = 31 - Math.clz32(mask & -mask);
    const own = (verdict: Verdict, index: number) => {
      const mark = (index << lowest) >>> 0;
      const known = this.#byMark.get(mark);
      if (known) throw new UnreadableProgram(`${nameOf(known)} and ${nameOf(verdict)} have one mark`);
      if (index < 1 || mark >>> lowest !== index || (mark & ~mask) !== 0) {
        throw new UnreadableProgram(`the mark of ${nameOf(verdict)} is outside of the mask`);
      }
      this.#byMark.set(mark, verdict);
      this.#byOwner.set(nameOf(verdict), mark);
    };
    for (const [director, index] of Object.entries(directors)) own({ action: "director", director }, index);
    for (const [table, index] of Object.entries(tables))
      own({ action: "table", table: Number(table) }, index);
  }

  /** Is each mark that both know the same owner's, and each owner's the same mark? Then a verdict means the same to both. */
  keepMarksOf(before: MarkOwners): boolean {
    if (this.#mask !== before.#mask) return false;
    return [...this.#byMark].every(([mark, verdict]) => {
      const [name, old] = [nameOf(verdict), before.#byMark.get(mark)];
      return (before.#byOwner.get(name) ?? mark) === mark && (old === undefined || nameOf(old) === name);
    });
  }

  /** Has all that the other knows a mark here? */
  knowsAllOf(before: MarkOwners): boolean {
    return [...before.#byOwner.keys()].every((name) => this.#byOwner.has(name));
  }

  /** Bits that belong to others, all of them set: what becomes of each of them is seen. */
  get foreign(): number {
    return ~this.#mask >>> 0;
  }

  /** What chains must do to packets with this verdict, which there are. Throws UnreadableProgram where it has no mark. */
  give(verdict: Verdict): Outcome {
    switch (verdict.action) {
      case "permit":
        return { ...UNTOUCHED, end: "accept" };
      case "deny":
        return { ...UNTOUCHED, end: "drop" };
      case "undecided":
        return UNTOUCHED;
      default: {
        const xor = this.#byOwner.get(nameOf(verdict));
        if (xor === undefined) throw new UnreadableProgram(`${nameOf(verdict)} has no mark`);
        this.given.add(xor);
        return { end: "accept", keep: this.foreign, xor };
      }
    }
  }

  /** Whose mark a packet carries that was accepted, when it came with the foreign bits alone; null: nobody's. */
  ownerOf(mark: number): Verdict | null {
    if (mark === this.foreign) return { action: "permit" };
    if ((mark & this.foreign) >>> 0 !== this.foreign) return null;
    return this.#byMark.get((mark & this.#mask) >>> 0) ?? null;
  }

  /**
   * IPVS compares a mark whole, so behind INPUT one that was asked for here and is a director's must be without foreign
   * bits; all others must be as they were. `before`: the marks that were asked for there are judged already, and
   * counted as asked for here. Throws UnreadableProgram.
   */
  judgeInput(chains: Chains, family: Family, before: MarkOwners | null = null): void {
    requireEnd(chains, ["INPUT"]);
    for (const name of reachedFrom(chains, "INPUT")) {
      const odd = (chains.get(name) ?? []).find(({ tests }) => tests.some(({ of }) => of !== "mark"));
      if (odd) throw new UnreadableProgram(`behind INPUT only the mark may be asked for: "${odd.text}"`);
    }
    const packet: Packet = { direction: "in", family, iface: "eth0", proto: 6, src: 0n, dst: 0n };
    for (const mark of [0, ...this.given]) {
      if (before?.given.has(mark)) continue;
      const isDirector = this.#byMark.get(mark)?.action === "director";
      for (const foreign of [0, this.foreign]) {
        const came = (mark | foreign) >>> 0;
        const { end, mark: behind } = passageOf(chains, "INPUT", packet, came);
        const wanted = isDirector ? mark : came;
        if (end === "undecided" && behind === wanted) continue;
        const fate =
          end === "undecided" ? `carries ${hex(behind)}, not ${hex(wanted)}` : `ends there (${end})`;
        throw new UnreadableProgram(`behind INPUT a packet with mark ${hex(came)} ${fate}`);
      }
    }
    for (const mark of before?.given ?? []) this.given.add(mark);
  }
}

export const hex = (mark: number): string => `0x${mark.toString(16)}`;

const nameOf = ({ action, director, table }: Verdict): string => `${action} ${director ?? table ?? "?"}`;

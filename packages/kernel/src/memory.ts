/**
 * What was read of the tables last, and the generation of nf_tables that it is of. Reading 100 000 rules costs a second
 * of CPU, asking for the generation 3 ms: where it is the same, what was read still stands, by whomever it was written.
 *
 * Every reading of mangle passes here, so counters that are given again are those that were read last, never older.
 */
import type { Capabilities } from "./capabilities.ts";
import { type Generation, generationOf, isLater } from "./generation.ts";
import { readTables, type Tables } from "./saved-tables.ts";
import type { Target } from "./target.ts";

/** The tables of both families. */
export type Both = { ip: Tables; ip6: Tables | null };

/** `recalled`: they were not read now, so what their rules have counted is older. */
export type Found = Both & { recalled: boolean };

/** `counts: "last"`: where no rule was changed since, what rules have counted may be what was read last. */
export type ReadOptions = { tables: "mangle" | "all"; counts: "now" | "last" };

type Known = Both & { generation: Generation; all: boolean };

export class Memory {
  #known: Known | null = null;

  /** The generation of what is known. */
  get generation(): Generation | null {
    return this.#known?.generation ?? null;
  }

  /** Reads what is not known. Throws Refusal when a tool fails. */
  async tables(target: Target, capabilities: Capabilities, { tables, counts }: ReadOptions): Promise<Found> {
    const before = await now(target, capabilities);
    const known = isLater(this.generation, before, 0) ? this.#known : null;
    if (counts === "last" && known && (known.all || tables === "mangle")) return { ...known, recalled: true };
    const { ip, ip6 } = capabilities;
    const [v4, v6] = await Promise.all([
      readTables(target, ip, tables),
      ip6 === null ? null : readTables(target, ip6, tables),
    ]);
    const read = known?.all
      ? { ip: withOthers(v4, known.ip), ip6: v6 && withOthers(v6, known.ip6) }
      : { ip: v4, ip6: v6 };
    const generation = before && (await now(target, capabilities));
    this.#known =
      generation && isLater(before, generation, 0) && isWhole(read)
        ? { ...read, generation, all: tables === "all" || known?.all === true }
        : null;
    return { ip: v4, ip6: v6, recalled: false };
  }

  /**
   * What was known has become `becoming` by so many commits of ours. False when others have changed rules since, or may
   * have. Where nothing was known nobody can say, and it is for those who read all before to vouch for the rest.
   */
  async follow(
    target: Target,
    capabilities: Capabilities,
    commits: number,
    becoming: Both,
  ): Promise<boolean> {
    const known = this.#known;
    this.#known = null;
    if (known === null) return true;
    const generation = await now(target, capabilities);
    if (generation === null || !isLater(known.generation, generation, commits)) return false;
    this.#known = { ...becoming, generation, all: known.all };
    return true;
  }

  forget(): void {
    this.#known = null;
  }
}

const now = (target: Target, { facts }: Capabilities): Promise<Generation | null> =>
  facts.backend === "nft" ? generationOf(target) : Promise.resolve(null);

/** What could not be read may be there for the next one. */
const isWhole = ({ ip, ip6 }: Both): boolean => ip.unread === null && (ip6?.unread ?? null) === null;

/** A mangle that was just read, beside the other tables of the same generation. */
function withOthers(read: Tables, known: Tables | null): Tables {
  const names = new Set(read.tables.map(({ name }) => name));
  return {
    ...read,
    tables: [...(known?.tables ?? []).filter(({ name }) => !names.has(name)), ...read.tables],
  };
}

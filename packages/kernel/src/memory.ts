/**
 * What was read of the tables last, and the generation of nf_tables that it is of. Reading 100 000 rules costs a second
 * of CPU, asking for the generation half a millisecond: where it is the same, what was read still stands, by whomever it
 * was written.
 *
 * Every reading of mangle passes here, so counters that are given again are those that were read last, never older.
 */
import type { Capabilities } from "./capabilities.ts";
import { type Generation, generationOf, isLater } from "./generation.ts";
import { readTables, type Tables } from "./saved-tables.ts";
import type { Target } from "./target.ts";

/** The tables of both families. */
export type Both = { ip: Tables; ip6: Tables | null };

/**
 * `recalled`: they were not read now, so what their rules have counted is older. `known`: as what they are remembered;
 * null where nobody can say whether they still stand.
 */
export type Found = Both & { recalled: boolean; known: Known | null };

/** `counts: "last"`: where no rule was changed since, what rules have counted may be what was read last. */
export type ReadOptions = { tables: "mangle" | "all"; counts: "now" | "last" };

/** Tables of a generation; `all`: not mangle alone. */
export type Known = Both & { generation: Generation; all: boolean };

export class Memory {
  #known: Known | null = null;
  /** What was read last, whatever has become of it: what is printed again as it was is the same value. */
  #last: Both | null = null;

  /** Reads what is not known. Throws Refusal when a tool fails. */
  async tables(target: Target, capabilities: Capabilities, { tables, counts }: ReadOptions): Promise<Found> {
    const before = await now(target, capabilities);
    const known = this.#known && isLater(this.#known.generation, before, 0) ? this.#known : null;
    if (counts === "last" && known && (known.all || tables === "mangle")) {
      return { ip: known.ip, ip6: known.ip6, recalled: true, known };
    }
    const { ip, ip6 } = capabilities;
    const last = this.#last;
    const [v4, v6] = await Promise.all([
      readTables(target, ip, tables, last?.ip.tables),
      ip6 === null ? null : readTables(target, ip6, tables, last?.ip6?.tables),
    ]);
    this.#last = { ip: withOthers(v4, last?.ip), ip6: v6 && withOthers(v6, last?.ip6) };
    const read = known?.all
      ? { ip: withOthers(v4, known.ip), ip6: v6 && withOthers(v6, known.ip6) }
      : { ip: v4, ip6: v6 };
    const generation = before && (await now(target, capabilities));
    this.#known =
      generation && isLater(before, generation, 0) && isWhole(read)
        ? { ...read, generation, all: tables === "all" || known?.all === true }
        : null;
    return { ...read, recalled: false, known: this.#known };
  }

  /**
   * What was `found` has become `becoming` by so many commits of ours: gives as what that is known. Null when others have
   * changed rules since, or may have.
   */
  async follow(
    target: Target,
    capabilities: Capabilities,
    found: Known,
    commits: number,
    becoming: Both,
  ): Promise<Known | null> {
    this.#known = null;
    const generation = await now(target, capabilities);
    if (generation === null || !isLater(found.generation, generation, commits)) return null;
    this.#known = { ip: becoming.ip, ip6: becoming.ip6, generation, all: found.all };
    return this.#known;
  }

  forget(): void {
    this.#known = null;
  }
}

const now = (target: Target, { facts }: Capabilities): Promise<Generation | null> =>
  facts.backend === "nft" ? generationOf(target) : Promise.resolve(null);

/** What could not be read may be there for the next one. */
const isWhole = ({ ip, ip6 }: Both): boolean => ip.unread === null && (ip6?.unread ?? null) === null;

/** What was just read, beside the other tables that are known. */
function withOthers(read: Tables, known: Tables | null | undefined): Tables {
  const names = new Set(read.tables.map(({ name }) => name));
  return {
    ...read,
    tables: [...(known?.tables ?? []).filter(({ name }) => !names.has(name)), ...read.tables],
  };
}

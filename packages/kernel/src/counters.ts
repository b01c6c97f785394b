/** The kernel's packet and byte counters: line by line as iptables has them, and per rule of the config. */
import {
  type Chain,
  type FamilyName,
  isFlowChain,
  normaliseRule,
  type Program,
  type Source,
} from "@flowmgr/flow-compiler";
import type { Count, CountedLine, Tally } from "./kernel.ts";
import { batchOf } from "./ours.ts";
import type { Machine, OwnReading } from "./read.ts";
import type { SavedChain, SavedTable } from "./save.ts";

const FAMILIES = ["ip", "ip6"] as const;

/**
 * Both families added up. Only what stands in the kernel as the program has it is counted: a rule that somebody
 * changed behind our back counts something else, and is left out. Throws Refusal when iptables-save fails.
 */
export async function counters(
  { target, capabilities, memory }: Machine,
  program: Program,
): Promise<Count[]> {
  const read = await memory.tables(target, capabilities, { tables: "mangle", counts: "now" });
  const lines = FAMILIES.flatMap((family) => {
    const [tables, wanted] = [read[family], program[family]];
    return tables && wanted ? linesIn(tables.mangle, family, wanted.chains) : [];
  });
  return countRules(lines, program);
}

/** What has counted anything in the chains of flows, those included that no packet meets any more. */
export function countedLines(reading: OwnReading): CountedLine[] {
  return FAMILIES.flatMap((family) => {
    const part = reading[family];
    return part === null ? [] : linesIn(part.mangle, family, part.state.chains);
  });
}

/** What the lines of the chains of flows among these have counted. */
export function linesIn(
  mangle: SavedTable,
  family: FamilyName,
  chains: readonly { name: string }[],
): CountedLine[] {
  return chains.flatMap(({ name }) => {
    const chain = isFlowChain(name) ? mangle.chains.get(name) : undefined;
    return chain ? linesOf(chain, family) : NONE;
  });
}

const NONE: readonly CountedLine[] = [];

/** By chain as it was read, which an edit of another leaves as it is. */
const counted = new WeakMap<SavedChain, readonly CountedLine[]>();

function linesOf(chain: SavedChain, family: FamilyName): readonly CountedLine[] {
  const before = counted.get(chain);
  if (before) return before;
  let retired: string | null = null;
  const lines = chain.rules.flatMap(({ words, packets, bytes }): CountedLine[] => {
    const batch = batchOf(words);
    retired = batch ?? retired;
    if (packets === 0 || batch !== null) return [];
    return [{ family, chain: chain.name, words: normaliseRule(words, family), packets, bytes, retired }];
  });
  const found = lines.length === 0 ? NONE : lines;
  counted.set(chain, found);
  return found;
}

/** The counts of a program's rules, zeros too, in its order. */
export function countRules(lines: readonly CountedLine[], program: Program): Count[] {
  const { ownerOf, sources } = owners(program);
  const counts = new Map(
    sources.map((source): [Source, Count] => [source, { source, packets: 0, bytes: 0, lines: {} }]),
  );
  for (const line of lines) {
    const source = ownerOf(line);
    const count = source && counts.get(source);
    if (count) for (const sum of talliesFor(count, keyOf(line), line.retired)) add(sum, line);
  }
  return [...counts.values()];
}

function talliesFor(count: Count, line: string, batch: string | null): Tally[] {
  if (batch === null) {
    const own = count.lines[line] ?? { packets: 0, bytes: 0 };
    count.lines[line] = own;
    return [count, own];
  }
  count.retired ??= {};
  const own = count.retired[batch] ?? { packets: 0, bytes: 0 };
  count.retired[batch] = own;
  return [own];
}

function add(sum: Tally, { packets, bytes }: Tally): void {
  sum.packets += packets;
  sum.bytes += bytes;
}

/** Whose packets a line of the kernel counts, by the program that it comes from. */
export function ownerIn(program: Program): (line: CountedLine) => Source | undefined {
  return owners(program).ownerOf;
}

const keyOf = ({ family, chain, words }: Pick<CountedLine, "family" | "chain" | "words">): string =>
  `${family} ${chain} ${words}`;

type Owners = {
  ownerOf: (line: CountedLine) => Source | undefined;
  /** What counts, each once. */
  sources: readonly Source[];
};

/** Programs are values, and each look at the kernel asks. */
const found = new WeakMap<Program, Owners>();

function owners(program: Program): Owners {
  const owners = found.get(program) ?? findOwners(program);
  found.set(program, owners);
  return owners;
}

function findOwners({ ip, ip6 }: Program): Owners {
  const sources = new Map<string, Source>();
  const named = (source: Source) => `${source.flow} ${source.rule}`;
  const byName = (chains: readonly Chain[]) => {
    for (const { rules } of chains) {
      for (const { source, counts } of rules) {
        if (counts && source && !sources.has(named(source))) sources.set(named(source), source);
      }
    }
    return new Map(chains.map((chain) => [chain.name, chain]));
  };
  const chains = { ip: byName(ip.chains), ip6: byName(ip6?.chains ?? []) };
  return {
    ownerOf: ({ family, chain, words }) => {
      const one = chains[family].get(chain);
      const source = one && countingIn(one).get(words);
      return source && sources.get(named(source));
    },
    sources: [...sources.values()],
  };
}

/** By chain, which programs share that are edits of each other. */
const counting = new WeakMap<Chain, ReadonlyMap<string, Source>>();

/** Which lines of a chain count, and for what: of two that read alike, no packet gets to the second. */
function countingIn(chain: Chain): ReadonlyMap<string, Source> {
  const before = counting.get(chain);
  if (before) return before;
  const byWords = new Map<string, Source>();
  for (const { words, source, counts } of chain.rules) {
    if (counts && source && !byWords.has(words)) byWords.set(words, source);
  }
  counting.set(chain, byWords);
  return byWords;
}

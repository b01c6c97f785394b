/** The kernel's packet and byte counters: line by line as iptables has them, and per rule of the config. */
import {
  type Chain,
  type FamilyName,
  type FamilyProgram,
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
): readonly CountedLine[] {
  const before = listed.get(mangle);
  if (before?.chains === chains) return before.lines;
  const lines: CountedLine[] = [];
  for (const { name } of chains) {
    const chain = isFlowChain(name) ? mangle.chains.get(name) : undefined;
    for (const line of chain ? linesOf(chain, family) : NONE) lines.push(line);
  }
  listed.set(mangle, { chains, lines });
  return lines;
}

/** By table as it was read: what it says of which chains. */
const listed = new WeakMap<
  SavedTable,
  { chains: readonly { name: string }[]; lines: readonly CountedLine[] }
>();

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

/** The counts of a program's rules, zeros too, in its order; `among`: of these flows alone. */
export function countRules(
  lines: readonly CountedLine[],
  program: Program,
  among: ReadonlySet<string> | null = null,
): Count[] {
  const counts = new Map(countLines(lines, program).map((count) => [nameOf(count.source), count]));
  const sources = among === null ? allSources(program) : sourcesOf(program, among);
  return [...sources].map(
    ([name, source]) => counts.get(name) ?? { source, packets: 0, bytes: 0, lines: {} },
  );
}

/** The counts of those of a program's rules of which a line has counted. */
export function countLines(lines: readonly CountedLine[], program: Program): Count[] {
  if (lines.length === 0) return [];
  const ownerOf = ownerIn(program);
  const counts = new Map<string, Count>();
  for (const line of lines) {
    const source = ownerOf(line);
    if (source === undefined) continue;
    const name = nameOf(source);
    const count = counts.get(name) ?? { source, packets: 0, bytes: 0, lines: {} };
    counts.set(name, count);
    for (const sum of talliesFor(count, keyOf(line), line.retired)) add(sum, line);
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

const keyOf = ({ family, chain, words }: Pick<CountedLine, "family" | "chain" | "words">): string =>
  `${family} ${chain} ${words}`;

/** Whose packets a line of the kernel counts, by the program that it comes from. */
export function ownerIn({ ip, ip6 }: Program): (line: CountedLine) => Source | undefined {
  return ({ family, chain, words }) => {
    const one = chainsIn(family === "ip" ? ip : ip6)?.get(chain);
    return one && countingIn(one).byWords.get(words);
  };
}

/** Programs are values, and each look at the kernel asks. */
const chains = new WeakMap<FamilyProgram, ReadonlyMap<string, Chain>>();

function chainsIn(program: FamilyProgram | null): ReadonlyMap<string, Chain> | null {
  if (program === null) return null;
  const found = chains.get(program) ?? new Map(program.chains.map((chain) => [chain.name, chain]));
  chains.set(program, found);
  return found;
}

const nameOf = ({ flow, rule }: Source): string => `${flow} ${rule}`;

/** What counts in a program, each once. */
function allSources(program: Program): ReadonlyMap<string, Source> {
  const found = sources.get(program) ?? sourcesOf(program, null);
  sources.set(program, found);
  return found;
}

const sources = new WeakMap<Program, ReadonlyMap<string, Source>>();

function sourcesOf({ ip, ip6 }: Program, among: ReadonlySet<string> | null): ReadonlyMap<string, Source> {
  const found = new Map<string, Source>();
  for (const family of [ip, ip6]) {
    for (const chain of family?.chains ?? []) {
      for (const [name, source] of countingIn(chain).sources) {
        if ((among === null || among.has(source.flow)) && !found.has(name)) found.set(name, source);
      }
    }
  }
  return found;
}

/** `byWords`: which lines of a chain count, and for what: of two that read alike, no packet gets to the second. */
type CountingChain = { byWords: ReadonlyMap<string, Source>; sources: readonly [name: string, Source][] };

/** By chain, which programs share that are edits of each other. */
const counting = new WeakMap<Chain, CountingChain>();

function countingIn(chain: Chain): CountingChain {
  const before = counting.get(chain);
  if (before) return before;
  const byWords = new Map<string, Source>();
  const sources = new Map<string, Source>();
  for (const { words, source, counts } of chain.rules) {
    if (!counts || !source) continue;
    if (!byWords.has(words)) byWords.set(words, source);
    if (!sources.has(nameOf(source))) sources.set(nameOf(source), source);
  }
  const found = sources.size === 0 ? NOTHING_COUNTS : { byWords, sources: [...sources] };
  counting.set(chain, found);
  return found;
}

const NOTHING_COUNTS: CountingChain = { byWords: new Map(), sources: [] };

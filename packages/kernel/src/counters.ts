/** The kernel's packet and byte counters: line by line as iptables has them, and per rule of the config. */
import {
  type FamilyName,
  isFlowChain,
  normaliseRule,
  type Program,
  type Source,
} from "@flowmgr/flow-compiler";
import type { Count, CountedLine, Tally } from "./kernel.ts";
import { batchOf } from "./ours.ts";
import type { Machine, OwnReading } from "./read.ts";
import type { SavedTable } from "./save.ts";
import { readTables } from "./saved-tables.ts";

const FAMILIES = ["ip", "ip6"] as const;

/**
 * Both families added up. Only what stands in the kernel as the program has it is counted: a rule that somebody
 * changed behind our back counts something else, and is left out. Throws Refusal when iptables-save fails.
 */
export async function counters({ target, capabilities }: Machine, program: Program): Promise<Count[]> {
  const lines = await Promise.all(
    FAMILIES.map(async (family) => {
      const [tools, wanted] = [capabilities[family], program[family]];
      if (tools === null || wanted === null) return [];
      const { mangle } = await readTables(target, tools, "mangle");
      return linesIn(mangle, family, wanted.chains);
    }),
  );
  return countRules(lines.flat(), program);
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
  return chains
    .filter(({ name }) => isFlowChain(name))
    .flatMap(({ name }) => {
      let retired: string | null = null;
      return (mangle.chains.get(name)?.rules ?? []).flatMap(({ words, packets, bytes }) => {
        const batch = batchOf(words);
        retired = batch ?? retired;
        if (packets === 0 || batch !== null) return [];
        return { family, chain: name, words: normaliseRule(words, family), packets, bytes, retired };
      });
    });
}

/** The counts of a program's rules, zeros too, in its order. */
export function countRules(lines: readonly CountedLine[], program: Program): Count[] {
  const { ownerOf, sources } = owners(program);
  const counts = new Map(
    sources.map((source): [Source, Count] => [source, { source, packets: 0, bytes: 0, lines: {} }]),
  );
  for (const line of lines) {
    const key = keyOf(line);
    const source = ownerOf.get(key);
    const count = source && counts.get(source);
    if (count) for (const sum of talliesFor(count, key, line.retired)) add(sum, line);
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
  const { ownerOf } = owners(program);
  return (line) => ownerOf.get(keyOf(line));
}

const keyOf = ({ family, chain, words }: Pick<CountedLine, "family" | "chain" | "words">): string =>
  `${family} ${chain} ${words}`;

/** What counts in a program, each once, and by which lines: of two that read alike in a chain, no packet gets to the second. */
function owners(program: Program): Owners {
  const owners = found.get(program) ?? findOwners(program);
  found.set(program, owners);
  return owners;
}

type Owners = { ownerOf: ReadonlyMap<string, Source>; sources: readonly Source[] };

/** Programs are values, and each look at the kernel asks. */
const found = new WeakMap<Program, Owners>();

function findOwners(program: Program): Owners {
  const ownerOf = new Map<string, Source>();
  const sources = new Map<string, Source>();
  for (const family of FAMILIES) {
    for (const { name, rules } of program[family]?.chains ?? []) {
      for (const { words, source, counts } of rules) {
        if (!counts || source === undefined) continue;
        const same = JSON.stringify(source);
        const one = sources.get(same) ?? source;
        sources.set(same, one);
        const key = keyOf({ family, chain: name, words });
        if (!ownerOf.has(key)) ownerOf.set(key, one);
      }
    }
  }
  return { ownerOf, sources: [...sources.values()] };
}

/** A flow at the end of its packets' way through the tree of the dispatch: the jumps to its chain. */
import { BITS, type Family } from "@flowmgr/flow-model";
import { sameValues } from "./kept.ts";
import type { ChainRule } from "./program.ts";
import { contains, cover, narrows, type PortRange, type Prefix, prefixWords, type Reach } from "./reach.ts";
import { join } from "./words.ts";

/** A flow to be visited: the chain that holds it, where its rules can decide, and whether some of them do not. */
export type Entry = { chain: string; reaches: readonly Reach[]; ignores: boolean };

/** Flows of which some have gone from a row and others have come. */
export type Change = { gone: readonly Entry[]; come: readonly Entry[] };

/** The packets that come to a chain. */
export type Region = { dst: Prefix; src: Prefix; proto: string; ports: PortRange | null };

/** Those of a family, all of them. */
export function everything(family: Family): Region {
  const every = { hex: "0".repeat(BITS[family] / 4), length: 0 };
  return { dst: every, src: every, proto: "", ports: null };
}

/** Destinations of one flow that are asked for one by one at the end of a way. */
const MOST_GUARDS = 15;

/** A jump to a flow's chain, and the words that let packets take it: `behind` of interface and protocol. */
export type Guarded = { src: string; dst: string; behind: string; chain: string; ignores: boolean };

/** The jumps to one flow: one for each of its destinations here, so that each packet takes one of them at most. */
export function jumps(
  { chain, reaches, ignores }: Entry,
  region: Region,
  family: Family,
): (Guarded | ChainRule)[] {
  const networks = destinationsOf(reaches, region);
  if (networks === null || networks.length > MOST_GUARDS) {
    const { src, behind } = alike(reaches, region, family);
    const ports = src === "" ? onlyPorts(reaches) : null;
    if (ports) return [{ words: join(portWords(reaches[0]?.proto ?? "", ports), `-j ${chain}`) }];
    return [{ src, dst: "", behind, chain, ignores }];
  }
  return networks.map((network) => {
    const inside = reaches.filter(({ dst }) => dst !== null && contains(network, dst));
    const dst = prefixWords("-d", network, family);
    return { ...alike(inside, region, family), dst, chain, ignores };
  });
}

/**
 * A row of jumps. Who asks for a single address that nobody else of the row asks for needs nothing beside it: nearly all
 * packets fail it, and `-p` is asked first, which costs all of them as much again (nft, 13 ns in place of 7). The chain
 * behind it asks for all that its rules ask. An `ignore` counts only where the packet fits all that the `match`es share.
 */
export function rowOf(places: readonly (Guarded | ChainRule)[], family: Family): ChainRule[] {
  const times = new Map<string, number>();
  const addresses = ({ src, dst }: Guarded) => join(src, dst);
  for (const one of places) {
    if (!("words" in one)) times.set(addresses(one), (times.get(addresses(one)) ?? 0) + 1);
  }
  const single = new RegExp(`^-.*/${BITS[family]}$`);
  return places.map((one) => {
    if ("words" in one) return one;
    const { src, dst, behind, chain, ignores } = one;
    const isEnough = (single.test(src) || single.test(dst)) && !ignores && times.get(addresses(one)) === 1;
    return { words: join(src, dst, isEnough ? "" : behind, `-j ${chain}`) };
  });
}

/** The networks that the reaches name, without those that lie in another; null when some reach takes any. */
function destinationsOf(reaches: readonly Reach[], region: Region): Prefix[] | null {
  let networks: Prefix[] = [];
  for (const { dst } of reaches) {
    if (!narrows(dst, region.dst)) return null;
    if (networks.some((known) => contains(known, dst))) continue;
    networks = [...networks.filter((known) => !contains(dst, known)), dst];
  }
  return networks;
}

/** What all reaches ask alike and the region does not say, destinations apart. Ports cost more than the jump. */
function alike(reaches: readonly Reach[], region: Region, family: Family): { src: string; behind: string } {
  const [first, ...others] = reaches;
  if (!first) return { src: "", behind: "" };
  const isShared = (field: "iface" | "proto") => others.every((one) => one[field] === first[field]);
  const { src } = first;
  const sameSource = others.every((one) => one.src?.hex === src?.hex && one.src?.length === src?.length);
  return {
    src: sameSource && narrows(src, region.src) ? prefixWords("-s", src, family) : "",
    behind: join(
      isShared("iface") ? first.iface : "",
      isShared("proto") && first.proto !== region.proto ? first.proto : "",
    ),
  };
}

/** The ports that are all that the reaches ask for, besides their protocol. */
export function onlyPorts(reaches: readonly Reach[]): readonly PortRange[] | null {
  return reaches.length === 1 ? (reaches[0]?.ports ?? null) : null;
}

/** Asks for some ports, of more than one match takes also for some between them. */
export function portWords(proto: string, ports: readonly PortRange[]): string {
  const ranges = cover(ports);
  const [only, ...others] = ranges;
  if (only && others.length === 0) return `${proto} -m ${proto.slice(3)} --dport ${printRange(only)}`;
  return `${proto} -m multiport --dports ${ranges.map(printRange).join(",")}`;
}

export const printRange = ({ low, high }: PortRange) => (low === high ? String(low) : `${low}:${high}`);

/** The flow with those of its reaches that pass; null when none does. */
export function part(entry: Entry, passes: (reach: Reach) => boolean): Entry | null {
  const reaches = entry.reaches.filter(passes);
  if (reaches.length === 0) return null;
  return reaches.length === entry.reaches.length ? entry : { ...entry, reaches };
}

/** Are the same flows to be visited, where the same rules can decide? */
export function sameEntries(some: readonly Entry[], others: readonly Entry[]): boolean {
  return some.length === others.length && some.every((one, at) => sameEntry(one, others[at]));
}

function sameEntry(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one === other || !one || !other) return one === other;
  return one.chain === other.chain && sameValues(one.reaches, other.reaches);
}

/** What has changed between two rows, but for what both begin and end with. */
export function changeOf(before: readonly Entry[], now: readonly Entry[]): Change {
  const shorter = Math.min(before.length, now.length);
  let start = 0;
  while (start < shorter && sameEntry(before[start], now[start])) start += 1;
  let end = 0;
  while (end < shorter - start && sameEntry(before.at(-1 - end), now.at(-1 - end))) end += 1;
  return { gone: before.slice(start, before.length - end), come: now.slice(start, now.length - end) };
}

/** A flow at the end of its packets' way through the tree of the dispatch: the jumps to its chain. */
import type { Family } from "@flowmgr/flow-model";
import type { ChainRule } from "./program.ts";
import { contains, cover, narrows, type PortRange, type Prefix, prefixWords, type Reach } from "./reach.ts";
import { join } from "./words.ts";

/** A flow to be visited: the chain that holds it, where its rules can decide, and whether some of them do not. */
export type Entry = { chain: string; reaches: readonly Reach[]; ignores: boolean };

/** The packets that come to a chain. */
export type Region = { dst: Prefix; src: Prefix; proto: string; ports: PortRange | null };

/** Destinations of one flow that are asked for one by one at the end of a way. */
const MOST_GUARDS = 15;

/** The jumps to one flow: one for each of its destinations here, so that each packet takes one of them at most. */
export function jumps({ chain, reaches }: Entry, region: Region, family: Family): ChainRule[] {
  const networks = destinationsOf(reaches, region);
  if (networks === null || networks.length > MOST_GUARDS) {
    const { src, behind } = alike(reaches, region, family);
    const ports = src === "" ? onlyPorts(reaches) : null;
    if (ports) return [{ words: join(portWords(reaches[0]?.proto ?? "", ports), `-j ${chain}`) }];
    return [{ words: join(src, behind, `-j ${chain}`) }];
  }
  return networks.map((network) => {
    const inside = reaches.filter(({ dst }) => dst !== null && contains(network, dst));
    const { src, behind } = alike(inside, region, family);
    return { words: join(src, prefixWords("-d", network, family), behind, `-j ${chain}`) };
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
export function onlyPorts([only, ...others]: readonly Reach[]): readonly PortRange[] | null {
  return others.length === 0 ? (only?.ports ?? null) : null;
}

/** Asks for some ports, of more than one match takes also for some between them. */
export function portWords(proto: string, ports: readonly PortRange[]): string {
  const ranges = cover(ports);
  const [only, ...others] = ranges;
  if (only && others.length === 0) return `${proto} -m ${proto.slice(3)} --dport ${printRange(only)}`;
  return `${proto} -m multiport --dports ${ranges.map(printRange).join(",")}`;
}

export const printRange = ({ low, high }: PortRange) => (low === high ? String(low) : `${low}:${high}`);

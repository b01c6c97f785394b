/**
 * A long row of flows that no question parts cheaply, say those that deny a source among those for a destination. It is
 * cut into stretches, each a chain of its own behind the networks that hold all that its flows ask for. A packet goes
 * into a stretch once, for its destination or else for its source:
 *
 *     -d 172.16.3.0/25 -j FLOWS-=…
 *     -s 10.3.0.0/17 ! -d 172.16.3.0/25 -j FLOWS-=…
 *
 * Flows that stand together often speak of neighbouring networks; then a packet passes nearly all of them at the price of
 * two addresses. And an edit changes one stretch, not the row.
 */
import type { Family } from "@flowmgr/flow-model";
import type { Entry, Region } from "./dispatch-entry.ts";
import { fnv1a } from "./hash.ts";
import { commonPrefix, narrows, type Prefix, prefixWords } from "./reach.ts";
import { join } from "./words.ts";

/** Flows that stand together; `guards` are the words of the jumps to them. */
export type Stretch = { entries: Entry[]; guards: string[] };

/** Flows of a stretch at most, and how many there are on average behind a flow that begins one. */
const MOST = 128;
const USUAL = 32;

/**
 * The row in stretches and single flows. Which flow begins a stretch is told by its name, so that one more or less
 * moves no other stretch; one that can take packets of any address stands by itself.
 */
export function stretchesOf(entries: readonly Entry[], region: Region, family: Family): (Entry | Stretch)[] {
  const found: (Entry | Stretch)[] = [];
  let open: Entry[] = [];
  const close = () => {
    if (open.length > 2) found.push({ entries: open, guards: guardsOf(open, region, family) });
    else found.push(...open);
    open = [];
  };
  for (const entry of entries) {
    const isAnywhere = entry.reaches.some(
      ({ dst, src }) => !narrows(dst, region.dst) && !narrows(src, region.src),
    );
    if (isAnywhere || open.length === MOST || begins(entry)) close();
    if (isAnywhere) found.push(entry);
    else open.push(entry);
  }
  close();
  return found;
}

const known = new WeakMap<Entry["reaches"], boolean>();

function begins({ chain, reaches }: Entry): boolean {
  const begin = known.get(reaches) ?? Number.parseInt(fnv1a(chain).slice(-4), 16) % USUAL === 0;
  known.set(reaches, begin);
  return begin;
}

/** Words that together take what any of the flows can take, and no packet twice. */
function guardsOf(entries: readonly Entry[], region: Region, family: Family): string[] {
  let dst: Prefix | null = null;
  let src: Prefix | null = null;
  for (const reach of entries.flatMap(({ reaches }) => reaches)) {
    if (narrows(reach.dst, region.dst)) dst = dst ? commonPrefix(dst, reach.dst) : reach.dst;
    else if (reach.src) src = src ? commonPrefix(src, reach.src) : reach.src;
  }
  const words = (option: "-d" | "-s", prefix: Prefix | null, within: Prefix) =>
    narrows(prefix, within) ? prefixWords(option, prefix, family) : "";
  const bySource = words("-s", src, region.src);
  if (!dst) return [bySource];
  const byDestination = words("-d", dst, region.dst);
  if (!src || byDestination === "") return [byDestination];
  return [byDestination, join(bySource, `! ${byDestination}`)];
}

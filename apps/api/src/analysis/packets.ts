/** What an edit does to packets, as it travels over REST. */
import { changeSentence, type PacketChange as FoundChange, toldRegion } from "@flowmgr/flow-analysis";
import type { PacketChange, PacketChanges, PacketPage } from "@flowmgr/flow-api";
import type { Config } from "@flowmgr/flow-model";
import type { Parts } from "../parts.ts";
import type { Asked } from "./asking.ts";

/** Regions of one kind that can be had, for each family. */
const MOST_REGIONS = 500;

type Analysing = Pick<Parts, "analyst">;

/** The kinds of change with the most packets: as many as the analysis tells at once. */
export async function packetsOf(
  { analyst }: Analysing,
  before: Config,
  after: Config,
  asked: Asked,
): Promise<PacketChanges> {
  const { status, changes, total } = await analyst.packetChanges(before, after, asked);
  return { status, changes: changes.map(told), total };
}

/** The kinds from place `after` on, from 0. */
export async function furtherKinds(
  { analyst }: Analysing,
  [before, after]: readonly [Config, Config],
  page: { after: number; limit: number },
  asked: Asked,
): Promise<PacketPage> {
  const wanted = { ...asked, from: page.after, most: page.limit };
  const { status, changes, total } = await analyst.packetChanges(before, after, wanted);
  const end = page.after + changes.length;
  return { status, changes: changes.map(told), total, next: end < total ? end : null };
}

/** One kind alone, with its regions from place `after` on, from 0; `whole` speaks of all that can be had. */
export async function furtherRegions(
  { analyst }: Analysing,
  [before, after]: readonly [Config, Config],
  page: { change: number; after: number; limit: number },
  asked: Asked,
): Promise<PacketPage> {
  const wanted = { ...asked, from: page.change, most: 1, regions: MOST_REGIONS };
  const { status, changes, total } = await analyst.packetChanges(before, after, wanted);
  const regions = changes[0]?.regions.length ?? 0;
  const end = page.after + page.limit;
  const here = changes.map((change) => ({ ...change, regions: change.regions.slice(page.after, end) }));
  return { status, changes: here.map(told), total, next: end < regions ? end : null };
}

function told({ direction, was, is, regions, whole }: FoundChange): PacketChange {
  return {
    direction,
    was,
    is,
    sentence: changeSentence({ was, is }),
    regions: regions.map(toldRegion),
    whole,
  };
}

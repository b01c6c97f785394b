/**
 * What an edit does to packets: which of them another rule decides with another verdict, over all packets.
 *
 * Rules that both configs have in the same order are the core. A packet that no other rule holds for meets the same
 * rules in the same flows before and after, so only the packets of the other rules are looked at, among the flows that
 * can hold for any of these: an edit among ten thousand flows costs what the edited rules overlap.
 */
import type { Config, Family } from "@flowmgr/flow-model";
import { type Alignment, align, touchedReaches } from "./align.ts";
import { type Deciders, Kinds } from "./deciders.ts";
import { type Aligned, Differing } from "./differing.ts";
import { type AnalysisOptions, FAMILIES } from "./options.ts";
import { type Judged, Space } from "./space/decisions.ts";
import { describeSet, type PacketRegion } from "./space/described.ts";
import { flowsAround } from "./space/narrow.ts";
import { type Node, within } from "./space/node-store.ts";
import { type Direction, type FlowInForce, flowsInForce } from "./space/rules.ts";

export type { Deciders };

/** Packets of one kind: who decided them and who does, with another verdict. */
export type PacketChange = {
  was: Deciders;
  is: Deciders;
  direction: Direction;
  /** So many for each family, the wide ones first. They may overlap. None where there was no room to tell them. */
  regions: PacketRegion[];
  /** Do the regions hold all packets of this kind? */
  whole: boolean;
};

export type PacketChanges = {
  /** `partial`: there may be more; what is told is true all the same. */
  status: "complete" | "partial";
  /** Those from place `from` on, the kinds with the most packets first. */
  changes: PacketChange[];
  /** How many kinds there are. */
  total: number;
};

/** Which of the changes to describe, and how fully. */
export type ChangesAsked = {
  from: number;
  most: number;
  /** Of one change in one family. */
  regions: number;
};

/** As many as a person reads. */
const AS_MANY: ChangesAsked = { from: 0, most: 100, regions: 20 };
/** Most edges for one direction and family. */
export type Room = { edges: number };

/** One or two seconds, 64 MB. */
const MOST_EDGES = 4_000_000;

/** What packets another verdict awaits, the most of them first, between two configs that `check` finds no error in. */
export function packetChanges(
  before: Config,
  after: Config,
  options: AnalysisOptions & Partial<ChangesAsked & Room> = {},
): PacketChanges {
  const { from = AS_MANY.from, most = AS_MANY.most, regions = AS_MANY.regions } = options;
  const groups = new Map<string, Group>();
  let status: PacketChanges["status"] = "complete";
  for (const direction of ["in", "out"] as const) {
    if (flowsInForce(before, direction).length + flowsInForce(after, direction).length === 0) continue;
    const alignment = align(before, after, direction);
    for (const family of options.families ?? FAMILIES) {
      const found = compare([before, after], alignment, direction, family, options);
      if (!found.complete) status = "partial";
      for (const { was, is, share, part } of found.kinds) {
        const key = JSON.stringify([direction, was, is]);
        const group = groups.get(key) ?? { direction, was, is, share: 0, parts: [] };
        group.share += share;
        group.parts.push(part);
        groups.set(key, group);
      }
    }
  }
  const told = [...groups.values()].sort((a, b) => b.share - a.share).slice(from, from + most);
  const changes = told.map((group) => describe(group, options.stop?.() ? 1 : regions));
  return { status, changes, total: groups.size };
}

type Part = { space: Space; differing: Node; number: number; isWhole: boolean };
/** The packets of one kind, a part for each family. */
type Group = Pick<PacketChange, "direction" | "was" | "is"> & { share: number; parts: Part[] };

function describe({ direction, was, is, parts }: Group, most: number): PacketChange {
  const told = parts.map(({ space, differing, number, isWhole }) => {
    // What was found is told, late as it may be.
    space.diagram.lastRoom();
    return within(() => {
      const set = space.diagram.map(differing, (other) => (other === number ? 1 : 0));
      const { regions, whole } = describeSet(space, set, most);
      return { regions, whole: whole && isWhole };
    });
  });
  return {
    was,
    is,
    direction,
    regions: told.flatMap((one) => one?.regions ?? []),
    whole: told.every((one) => one?.whole === true),
  };
}

type Compared = { complete: boolean; kinds: { was: Deciders; is: Deciders; share: number; part: Part }[] };

function compare(
  configs: readonly [Config, Config],
  alignment: Alignment,
  direction: Direction,
  family: Family,
  options: AnalysisOptions & Partial<Room>,
): Compared {
  const reaches = touchedReaches(configs, alignment, family);
  if (reaches.length === 0) return { complete: true, kinds: [] };
  const space = within(() => {
    const [before, after] = [flowsInForce(configs[0], direction), flowsInForce(configs[1], direction)];
    const around = flowsAround(before, family, reaches);
    return new Space(
      [around, counterparts(around, after, alignment, (rest) => flowsAround(rest, family, reaches))],
      direction,
      family,
      options,
    );
  });
  const [old, next] = space?.judged ?? [];
  if (!space || !old || !next) return { complete: false, kinds: [] };
  space.renew(options.edges ?? MOST_EDGES);
  const sides = [alignedSide(old, alignment, 0), alignedSide(next, alignment, 1)] as const;
  const kinds = new Kinds(...sides, options);
  const { differing, complete, isWhole } = new Differing(space, sides, (was, is) => kinds.of(was, is)).find();
  const shares = space.diagram.shares(differing, (level, low, high) => space.weight(level, low, high));
  return {
    complete,
    kinds: [...shares].map(([number, share]) => ({
      ...kinds.describe(number),
      share,
      part: { space, differing, number, isWhole: isWhole(number) },
    })),
  };
}

/** Of the other config's flows those that both have whole and one has chosen, and what is chosen of the rest. */
function counterparts(
  chosen: readonly FlowInForce[],
  flows: readonly FlowInForce[],
  { same }: Alignment,
  choose: (rest: readonly FlowInForce[]) => readonly FlowInForce[],
): FlowInForce[] {
  const wanted = new Set(chosen.map(({ flowIndex }) => flowIndex));
  const taken = new Set<number>();
  const rest: FlowInForce[] = [];
  let at = 0;
  for (const flow of flows) {
    if (same[1][at] !== flow.flowIndex) rest.push(flow);
    else if (wanted.has(same[0][at++] ?? -1)) taken.add(flow.flowIndex);
  }
  for (const { flowIndex } of choose(rest)) taken.add(flowIndex);
  return flows.filter(({ flowIndex }) => taken.has(flowIndex));
}

function alignedSide(judged: Judged, { touched, same }: Alignment, side: 0 | 1): Aligned {
  const places = touched[side];
  const isTouched = (at: number) => {
    const rule = judged.rules[at];
    return rule !== undefined && places.get(rule.flowIndex)?.has(rule.rule) === true;
  };
  return { judged, isTouched, same: same[side] };
}

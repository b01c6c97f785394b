/** A set of packets as it is told to people: few regions in the words of a rule, with a likely packet in each. */
import type { Family, Packet } from "@flowmgr/flow-model";
import type { Space } from "./decisions.ts";
import { packetOf } from "./fields.ts";
import type { Node } from "./node-store.ts";
import { regionsOf } from "./regions.ts";
import { likelyPoint } from "./sample.ts";
import { type Described, describeBox } from "./words.ts";

/** Packets of one family that the conditions of a rule can describe, and one of them. */
export type PacketRegion = Described & { family: Family; packet: Packet };

/**
 * At most `most` regions, the wide ones first; they may overlap. `whole`: do they hold all of the set? `share`: what
 * part of all packets lies in it, 0 to 1.
 */
export function describeSet(
  space: Space,
  set: Node,
  most: number,
): { regions: PacketRegion[]; whole: boolean; share: number } {
  const { boxes, whole } = regionsOf(space, set, most);
  const { world, direction, meaning } = space;
  const regions = boxes.map((box) => ({
    ...describeBox(box, world, meaning),
    family: world.family,
    packet: packetOf(world, direction, likelyPoint(box, world)),
  }));
  const share = [...sharesOf(space, set).values()].reduce((sum, one) => sum + one, 0);
  return { regions, whole, share };
}

/** A likely packet of a set, without a word about the others; null for the empty one. */
export function likelyPacket(space: Space, set: Node): Packet | null {
  const [box] = regionsOf(space, set, 1).boxes;
  return box ? packetOf(space.world, space.direction, likelyPoint(box, space.world)) : null;
}

/** For each terminal but NONE what part of all packets comes to it, 0 to 1. */
export function sharesOf(space: Space, set: Node): Map<number, number> {
  return space.diagram.shares(set, (level, low, high) => space.weight(level, low, high));
}

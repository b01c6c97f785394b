/** Chains and flows side by side, in one direction and family: is there a packet for which they differ? */
import type { Config, Packet } from "@flowmgr/flow-model";
import { boxesIn, impossibleBox } from "../space/boxes.ts";
import type { Space } from "../space/decisions.ts";
import { packetOf } from "../space/fields.ts";
import { NONE, type Node } from "../space/node-store.ts";
import type { Reach } from "../space/reach.ts";
import type { FlowInForce } from "../space/rules.ts";
import { likelyPoint } from "../space/sample.ts";
import { ChainSpace } from "./chain-space.ts";
import type { Chains } from "./chains.ts";
import { flowEffects } from "./flow-effects.ts";
import type { MarkOwners } from "./mark-owners.ts";
import type { ProofOptions } from "./proof.ts";
import { differenceOn } from "./sequence.ts";
import { BUILT_IN, spaceOf } from "./text-world.ts";
import { waysThrough } from "./ways.ts";

/**
 * A packet for which they differ; null when there is none. `within`: only packets of these reaches are looked at, and
 * the flows and chains may be those around them. The chains lead to an end. Throws TooLarge, UnreadableProgram.
 */
export function differingPacket(
  config: Config | readonly FlowInForce[],
  chains: Chains,
  { direction, family }: Pick<Packet, "direction" | "family">,
  owners: MarkOwners,
  options: ProofOptions,
  within: readonly Reach[] | null = null,
): Packet | null {
  const space = spaceOf(config, chains, { direction, family }, options, within ?? []);
  space.renew(options.mostEdges);
  const { diagram, world } = space;
  const chainSpace = new ChainSpace(space, chains);
  const flows = flowEffects(space, chainSpace.outcomes, owners, options);
  const packets = diagram.minus(
    within ? setOf(within, space) : space.boxNode([]),
    space.boxNode(impossibleBox(world)),
  );
  for (const way of waysThrough(chains, BUILT_IN[direction], { packets, flows }, space, chainSpace)) {
    const differs = differenceOn(way, space, chainSpace);
    if (differs !== NONE) return packetOf(world, direction, likelyPoint(diagram.cell(differs), world));
  }
  return null;
}

function setOf(reaches: readonly Reach[], space: Space): Node {
  const boxes = reaches.flatMap((reach) => boxesIn(reach, space.world, space.meaning));
  return space.diagram.overrideAll(boxes.map((box) => space.boxNode(box)));
}

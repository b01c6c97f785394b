/** The part of a config that a question is about: of ten thousand flows, few can hold for its packets. */
import type { Conditions, Config, Family } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { Space } from "./decisions.ts";
import type { Direction } from "./rules.ts";

/**
 * The space of the packets that meet at least one of the conditions `asked`: it gives these the deciders that the
 * whole configs give them, and says nothing of any other packet. Flows keep their index and rules their number.
 * Throws TooLarge once `options.stop` says true.
 */
export function spaceAround(
  configs: readonly Config[],
  direction: Direction,
  family: Family,
  options: AnalysisOptions,
  asked: readonly Conditions[],
): Space {
  return new Space(configs, direction, family, options, asked);
}

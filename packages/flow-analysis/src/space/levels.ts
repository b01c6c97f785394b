/** The fields of a packet as a diagram asks them, each with its level. */
import { STATES } from "@flowmgr/flow-model";

/** The order in which a diagram asks. Destinations first: they tell flows of a load balancer apart soonest. */
export const LEVEL = {
  dst: 0,
  src: 1,
  proto: 2,
  dstport: 3,
  srcport: 4,
  iface: 5,
  icmp: 6,
  state: 7,
} as const;

export const LEVELS = 8;

/** By level, the highest values of the fields that are numbers already; `icmp` is type * 256 + code. */
export const HIGHEST: readonly number[] = [0, 0, 255, 65_535, 65_535, 0, 65_535, STATES.length - 1];

/** The part of a config that a question is about: of ten thousand flows, few can hold for its packets. */
import type { Conditions, Config, Family } from "@flowmgr/flow-model";
import type { AnalysisOptions } from "../options.ts";
import { unionOfAddresses } from "./addresses.ts";
import { Space } from "./decisions.ts";
import { destinationsOf, spanOf } from "./destinations.ts";
import { mayMeet, type Reach, reachesOf, reachOf } from "./reach.ts";
import { type Direction, type FlowInForce, flowsInForce } from "./rules.ts";

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
  const reaches = asked.flatMap((conditions) => reachOf(conditions, family) ?? []);
  const flows = configs.map((config) => flowsAround(flowsInForce(config, direction), family, reaches));
  return new Space(flows, direction, family, options, reaches);
}

/** Of fewer flows the rules are looked at at once. */
const MANY = 256;

/** With more, each flow is held against what they have in common, which may keep some too many. */
const FEW = 16;

/** The flows that can decide a packet within one of the reaches, and perhaps some more. */
export function flowsAround(
  flows: readonly FlowInForce[],
  family: Family,
  reaches: readonly Reach[],
): FlowInForce[] {
  const around = fewer(reaches);
  if (flows.length < MANY)
    return flows.filter(({ flow }) => meetAny(reachesOf(flow, family).deciding, around));
  const asked = around.map((reach) => spanOf([reach]));
  const { low, behind } = destinationsOf(flows, family);
  return flows.filter(({ flow }, at) => {
    const [from, to] = [low[at] ?? 0, behind[at] ?? 0];
    const isNear = asked.some((span) => from <= span.behind && span.low <= to);
    return isNear && meetAny(reachesOf(flow, family).deciding, around);
  });
}

/** As they are, or one for all of them. */
export const fewer = (reaches: readonly Reach[]) => (reaches.length > FEW ? [hullOf(reaches)] : reaches);

/** May a packet meet one of the first and one of the others? Plain loops: ten thousand flows are asked at each edit. */
export function meetAny(some: readonly Reach[], others: readonly Reach[]): boolean {
  for (const one of some) for (const other of others) if (mayMeet(one, other)) return true;
  return false;
}

/** Holds for every packet that one of them holds for. */
function hullOf(reaches: readonly Reach[]): Reach {
  const hull = (field: "src" | "dst") => {
    const all = reaches.map((reach) => reach[field]);
    return all.includes(null) ? null : unionOfAddresses(all.flatMap((one) => (one ? [one] : [])));
  };
  return { src: hull("src"), dst: hull("dst"), iface: null, fixed: [], loopback: true, neighbours: true };
}

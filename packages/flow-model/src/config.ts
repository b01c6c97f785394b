/** What is to know of configs without reading one: apart from the schemas, so that the page does without zod. */
import type { Config, Flow } from "./schema.ts";

/** Condition kinds, in the order of the grammar, which is the order they are printed in. */
export const CONDITION_KINDS = [
  "iface",
  "proto",
  "src",
  "dst",
  "srcport",
  "dstport",
  "icmptype",
  "state",
] as const;

export type ConditionKind = (typeof CONDITION_KINDS)[number];

export const EMPTY_CONFIG: Config = { items: [], comment: [] };

/** The flows (and outflows) of a config, in order. */
export function flowsOf(config: Config): Flow[] {
  return config.items.filter((item): item is Flow => item.kind === "flow" || item.kind === "outflow");
}

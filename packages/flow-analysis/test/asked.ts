/** Conditions to ask about, and whether a packet is one that they describe. */
import {
  type Conditions,
  type Config,
  expandLists,
  flowsOf,
  type Packet,
  ruleHolds,
} from "@flowmgr/flow-model";
import type fc from "fast-check";
import { tinyConfigs } from "./tiny.ts";

/** Those of a rule that `check` finds no error in. */
export const tinyConditions: fc.Arbitrary<Conditions> = tinyConfigs.map(
  (config) => flowsOf(config).flatMap(({ rules }) => rules.map(({ conditions }) => conditions))[0] ?? {},
);

/** Does a rule with the conditions hold for it? What is spared belongs to them only where they name it. */
export const describes = (conditions: Conditions, packet: Packet): boolean =>
  ruleHolds({ conditions }, packet).holds;

/** The config with a flow that is off, so that packets are told apart by the conditions as well. */
export function besides(config: Config, conditions: readonly Conditions[]): Config {
  const rules = conditions.map((one) => ({
    verb: "match" as const,
    off: false,
    comment: [],
    note: "",
    conditions: one,
  }));
  const flow = {
    kind: "flow" as const,
    name: "asked",
    policy: null,
    skipped: true,
    rules,
    comment: [],
    note: "",
  };
  return expandLists({ ...config, items: [...config.items, flow] });
}

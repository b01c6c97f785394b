/** What is found of rules that could go. */
import type { Packet } from "@flowmgr/flow-model";
import type { RuleName } from "./space/rules.ts";

export type DeadRule = RuleName & {
  /**
   * `covered-by-one` and `covered-together`: earlier rules take every packet that it holds for.
   * `no-effect`: packets come to it, and each would have the same verdict without it.
   */
  reason: "covered-by-one" | "covered-together" | "no-effect";
  /** The rules that take its packets, or that give them the same verdict: the greediest first, not all of many. */
  by: RuleName[];
  /** A packet that it holds for. */
  packet: Packet;
};

export type DeadRules = {
  /** `partial`: some rules are open; what was found is true all the same. */
  status: "complete" | "partial";
  dead: DeadRule[];
  open: RuleName[];
};

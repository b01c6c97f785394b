/** What a config does to a packet on this machine, worked out in the page. */
import { type Trace, trace, UNJUDGED, type Verdict } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";
import type { Config, Packet } from "@flowmgr/flow-model";
import { meaningOf } from "../analysis/meaning.ts";

/** What the meaning of a config depends on. */
export type Machine = Pick<Status, "ipv6" | "spared" | "tables">;

export function judge(config: Config, packet: Packet, machine: Machine): Trace {
  if (packet.family === 6 && !machine.ipv6) return UNJUDGED;
  return trace(config, packet, meaningOf(machine));
}

export function sameVerdict(one: Verdict, other: Verdict): boolean {
  return one.action === other.action && one.director === other.director && one.table === other.table;
}

/** What would change, in one sentence: the flows, then the packets. */
import type { Plan } from "@flowmgr/flow-api";
import { counted, sentence } from "../ui/say.ts";

const ALONE = "; nothing else changes";

/** That nothing else changes is said only where all packets were looked at. */
export function headlineOf({ headline, packets }: Pick<Plan, "headline" | "packets">): string {
  if (headline === "") return "Nothing changes.";
  return sentence(packets ? withPackets(headline, packets) : headline);
}

function withPackets(headline: string, { status, total }: NonNullable<Plan["packets"]>): string {
  const flows = headline.replace(ALONE, "");
  const only = headline.includes(ALONE);
  if (status === "partial") {
    const found = total === 0 ? "" : `; at least ${kinds(total)} differently`;
    return `${flows}${found}; not all packets were looked at in time`;
  }
  // Where nothing of the config changed there are no packets to speak of.
  if (total === 0) return only ? `${flows}; no packet is treated differently` : headline;
  return `${flows}; ${kinds(total)} differently${only ? ALONE : ""}`;
}

function kinds(total: number): string {
  return `${counted(total, "kind")} of packets ${total === 1 ? "is" : "are"} treated`;
}

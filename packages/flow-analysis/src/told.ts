/** What was found over all packets, as it is told: in the fields that forms and scripts take, and in sentences. */
import {
  CONDITION_KINDS,
  type Conditions,
  type Packet,
  type PacketFields,
  printBits,
  printCondition,
  printPacket,
  protocolName,
} from "@flowmgr/flow-model";
import type { Deciders } from "./differences.ts";
import type { PacketRegion } from "./space/described.ts";
import type { RuleName } from "./space/rules.ts";
import type { Verdict } from "./walk.ts";

/** A packet as the fields that `parsePacket` takes, and as the line that `parsePacketLine` takes. */
export function sampleOf(packet: Packet): { fields: PacketFields & Pick<Packet, "direction">; line: string } {
  const { direction, family, iface, proto, src, dst, srcport, dstport, icmp, state } = packet;
  const fields = {
    direction,
    iface,
    proto: protocolName(proto),
    src: printBits(family, src),
    dst: printBits(family, dst),
    ...(srcport === undefined ? {} : { srcport }),
    ...(dstport === undefined ? {} : { dstport }),
    ...(icmp ? { icmptype: `${icmp.type}/${icmp.code}` } : {}),
    ...(state ? { state } : {}),
  };
  return { fields, line: printPacket(packet) };
}

/** Conditions as a rule has them behind its verb: `proto tcp dstport 22`; "" for none. */
export function conditionsText(conditions: Conditions): string {
  return CONDITION_KINDS.flatMap((kind) => {
    const condition = conditions[kind];
    return condition ? [printCondition(kind, condition)] : [];
  }).join(" ");
}

/** A region with its conditions as text and its packet as a sample. */
export function toldRegion({ family, conditions, exceptInterfaces, packet }: PacketRegion) {
  return { family, conditions, text: conditionsText(conditions), exceptInterfaces, sample: sampleOf(packet) };
}

/** What a verdict does to a packet: "denied", "sent to director web", "routed by table 7". */
export function toldVerdict({ action, director, table }: Verdict): string {
  switch (action) {
    case "permit":
      return "permitted";
    case "deny":
      return "denied";
    case "director":
      return `sent to director ${director}`;
    case "table":
      return table === undefined ? "routed by a table that has no number here" : `routed by table ${table}`;
    case "undecided":
      return "left to the machine";
  }
}

/** "badnets, rule 2"; the end of a director's flow, which takes ICMP errors, is told by these. */
export function toldRule({ flow, rule }: RuleName): string {
  return rule === null ? `${flow} (its director's ICMP errors)` : `${flow}, rule ${rule}`;
}

/** Who gave a verdict, and which: "denied by badnets, rule 2", "permitted by ssh, rule 1 and 3 others". */
export function toldDeciders({ verdict, by, others }: Deciders): string {
  const what = toldVerdict(verdict);
  const [first] = by;
  if (!first) return `${what}: no flow decides`;
  const more = by.length - 1 + others;
  if (more === 0) return `${what} by ${toldRule(first)}`;
  return `${what} by ${toldRule(first)} and ${more} ${more === 1 ? "other" : "others"}`;
}

/** "now denied by badnets, rule 2; was permitted by ssh, rule 1" */
export function changeSentence({ was, is }: { was: Deciders; is: Deciders }): string {
  return `now ${toldDeciders(is)}; was ${toldDeciders(was)}`;
}

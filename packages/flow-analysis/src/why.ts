/** Why a rule took a packet or let it go by, in one sentence for a person. */
import {
  addressSet,
  type Condition,
  type ConditionKind,
  type Conditions,
  hasPorts,
  icmpFamily,
  icmpProtocol,
  icmpTypeName,
  isLoopback,
  type MeaningOptions,
  type Packet,
  printBits,
  printValues,
  protocolName,
  protocolsThatCarryPorts,
  SCTP,
} from "@flowmgr/flow-model";
import type { Met } from "./walk.ts";

/** One sentence about a rule that was tried. */
export function explain({ flow, rule, held }: Met, packet: Packet, meaning: MeaningOptions): string {
  if (!rule) return `an ICMP error that connections of this director need: ${policyOf(flow.policy)}`;
  if (held.holds) {
    const what =
      Object.keys(rule.written.conditions).length === 0 ? "it takes every packet" : "all its conditions hold";
    return `${what}: ${rule.written.verb === "ignore" ? "on to the next flow" : policyOf(flow.policy)}`;
  }
  return held.failed === "spared" ? explainSpared(packet, meaning) : explainFailed(held.failed, rule, packet);
}

function policyOf(policy: Met["flow"]["policy"]): string {
  if (policy?.action === "director") return `director ${policy.director}`;
  return policy?.action === "table" ? `table ${policy.table}` : (policy?.action ?? "skip");
}

/** What the language spares keeps this packet from rules that do not ask for it. */
export function explainSpared(packet: Packet, { loopback }: MeaningOptions): string {
  if (loopback === "spare" && isLoopback(packet)) {
    return "packets on lo are this machine's own: only a rule with iface lo takes them";
  }
  return "IPv6 needs neighbour discovery: only a rule with proto icmp6 takes it";
}

function explainFailed(kind: ConditionKind, rule: NonNullable<Met["rule"]>, packet: Packet): string {
  const { conditions } = rule.expanded;
  const written = rule.written.conditions[kind];
  const condition = conditions[kind];
  if (!condition || !written) return `${kind} does not hold`;
  const because = {
    iface: () => `it ${packet.direction === "in" ? "came in" : "leaves"} by ${packet.iface}`,
    proto: () => `it is ${protocolName(packet.proto)}`,
    src: () => explainAddress(condition, packet, "comes from", packet.src),
    dst: () => explainAddress(condition, packet, "goes to", packet.dst),
    srcport: () => explainPort(conditions, packet, "source", packet.srcport),
    dstport: () => explainPort(conditions, packet, "destination", packet.dstport),
    icmptype: () => explainIcmp(packet, icmpProtocol(icmpFamily(conditions))),
    state: () => `it is ${packet.state ?? "new"}`,
  }[kind]();
  const said = `${written.not ? "not " : ""}${kind} ${printValues(kind, written.values)}`;
  return `${said} does not hold: ${because}`;
}

function explainAddress({ values }: Condition, packet: Packet, verb: string, bits: bigint): string {
  const ofFamily = addressSet(values)[packet.family];
  return ofFamily.length > 0 ? `it ${verb} ${printBits(packet.family, bits)}` : `it is IPv${packet.family}`;
}

function explainPort(
  conditions: Conditions,
  { proto }: Packet,
  which: string,
  port: number | undefined,
): string {
  if (port === undefined || !hasPorts(proto)) return `${protocolName(proto)} has no ports`;
  // The port may be the right one: a port condition takes sctp only where the rule names it.
  if (proto === SCTP && !protocolsThatCarryPorts({ conditions }).includes(SCTP))
    return `it is sctp with ${which} port ${port}, and sctp counts only with proto sctp`;
  return `its ${which} port is ${port}`;
}

function explainIcmp({ family, proto, icmp }: Packet, wanted: number): string {
  if (proto !== wanted || !icmp) return `it is ${protocolName(proto)}`;
  const name = icmpTypeName(icmp.type, icmp.code, family);
  return `its type is ${icmp.type}/${icmp.code}${name ? `, ${name}` : ""}`;
}

/**
 * A director's ICMP errors. A connection that IPVS forwards needs them, or path-MTU discovery breaks: at the end of
 * a director flow, an ICMP error that goes to where the flow's connections go gets the flow's policy.
 */
import { type Address, parseAddress } from "./address.ts";
import { type AddressSet, isInside, setOf } from "./address-set.ts";
import type { Family } from "./family.ts";
import { familiesOf, icmpProtocol, isLoopback, letsProtocol, SPARE_BOTH } from "./holds.ts";
import type { Packet } from "./packet.ts";
import { SCTP, TCP, UDP } from "./protocols.ts";
import type { Flow, Rule } from "./schema.ts";
import { parseEach } from "./value.ts";

/** Unreachable, time exceeded, parameter problem; IPv6 has packet too big as a type of its own (RFC 792, RFC 4443). */
export const ICMP_ERROR_TYPES: Readonly<Record<Family, readonly number[]>> = {
  4: [3, 11, 12],
  6: [1, 2, 3, 4],
};

function isIcmpError({ family, proto, icmp }: Packet): boolean {
  return icmp !== undefined && proto === icmpProtocol(family) && ICMP_ERROR_TYPES[family].includes(icmp.type);
}

/**
 * Where ICMP errors about a director's connections go to: the `dst`, not negated, of its `match` rules that can
 * take tcp, udp or sctp. Empty for a flow of another policy.
 */
export function icmpErrorDestinations(flow: Flow): Address[] {
  if (flow.kind !== "flow" || flow.policy?.action !== "director") return [];
  return flow.rules.filter(takesConnections).flatMap((rule) => {
    const families = familiesOf(rule);
    const addresses = parseEach(rule.conditions.dst?.values ?? [], parseAddress);
    return addresses.filter(({ family }) => families.includes(family));
  });
}

function takesConnections({ off, verb, conditions }: Rule): boolean {
  const { dst, icmptype } = conditions;
  if (off || verb !== "match" || !dst || dst.not || icmptype) return false;
  return [TCP, UDP, SCTP].some((number) => letsProtocol(conditions, number));
}

/** Keyed by the flow itself: a config is a value, nothing changes it in place. */
const known = new WeakMap<Flow, AddressSet>();

/** Is the packet an ICMP error that the end of this flow gives to its director? */
export function takesIcmpError(flow: Flow, packet: Packet, options = SPARE_BOTH): boolean {
  if (flow.policy?.action !== "director" || !isIcmpError(packet)) return false;
  if (options.loopback === "spare" && isLoopback(packet)) return false;
  let destinations = known.get(flow);
  if (!destinations) {
    destinations = setOf(icmpErrorDestinations(flow));
    known.set(flow, destinations);
  }
  return isInside(destinations[packet.family], packet.dst);
}

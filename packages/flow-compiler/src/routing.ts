/**
 * What directors and tables need beside the chains: `ip rule`s that turn a mark into a routing table, and for
 * directors a table of their own.
 *
 * IPVS takes new connections where packets for this machine arrive, so a director's packets must be routed as
 * local even when their destination is no address of the machine: `local DESTINATION dev lo` in the director's
 * table, for what its flows name and for nothing else. `local 0.0.0.0/0` comes last, only for rules that name no
 * destination: with it, `src_valid_mark=1` or a mark changed in mangle OUTPUT black-holes the traffic.
 */
import { type Address, type Family, networkOf, parseAddress, printAddress } from "@flowmgr/flow-model";
import type { FamilyFlow } from "./chains.ts";
import { sameValues } from "./kept.ts";
import { markOf } from "./marks.ts";
import { networksOf } from "./match-address.ts";
import { OUR_PRIORITY, OUR_PROTOCOL, OUR_TABLES } from "./ours.ts";
import type { IpRule, LocalRoute } from "./program.ts";
import type { Part } from "./split.ts";
import { readValue } from "./words.ts";

/** The routing table of the director whose mark has this index. */
export function directorTable(index: number): number {
  return OUR_TABLES.first + index;
}

export type Routing = { ipRules: IpRule[]; routes: LocalRoute[]; directorMarks: number[] };

/** What routing was made from: of each flow its mark, and where its packets go. */
type Routed = { values: readonly unknown[]; routing: Routing };

/** The routing of the last config, and that of this one: the same value where its flows ask for the same. */
export class KnownRouting {
  #last: Routed | null = null;

  /** The `ip rule`s and routes of one family, in the order of the marks and of the destinations. */
  of(flows: readonly FamilyFlow[], mask: number, family: Family): Routing {
    const values: unknown[] = [mask];
    for (const { parts, mark } of flows) {
      if (!mark || !parts.some(matches)) continue;
      values.push(mark.index, mark.table);
      if (mark.table !== null) continue;
      for (const part of parts) {
        if (matches(part)) for (const { text } of destinationsOf(part, family)) values.push(text);
      }
    }
    const isSame = this.#last !== null && sameValues(this.#last.values, values);
    const routing = isSame && this.#last ? this.#last.routing : routingOf(flows, mask, family);
    this.#last = { values, routing };
    return routing;
  }
}

function routingOf(flows: readonly FamilyFlow[], mask: number, family: Family): Routing {
  const tables = new Map<number, { table: number; destinations: Map<string, Destination> | null }>();
  for (const { parts, mark } of flows) {
    if (!mark || !parts.some(matches)) continue;
    const destinations = tables.get(mark.index)?.destinations ?? new Map<string, Destination>();
    const isDirector = mark.table === null;
    if (isDirector) {
      for (const part of parts) {
        if (!matches(part)) continue;
        for (const destination of destinationsOf(part, family))
          destinations.set(destination.text, destination);
      }
    }
    const table = mark.table ?? directorTable(mark.index);
    tables.set(mark.index, { table, destinations: isDirector ? destinations : null });
  }
  const byMark = [...tables].sort(([a], [b]) => a - b);
  return {
    ipRules: byMark.map(([index, { table }]) => ({ mark: markOf(index, mask), mask, table })),
    routes: byMark.flatMap(([, { table, destinations }]) =>
      [...(destinations?.values() ?? [])]
        .sort(byAddress)
        .map(({ text }): LocalRoute => ({ destination: text, table })),
    ),
    directorMarks: byMark.flatMap(([index, { destinations }]) => (destinations ? [markOf(index, mask)] : [])),
  };
}

const matches = ({ rule, verb }: Part) => rule !== null && verb === "match";

type Destination = { text: string; network: Address };

/** Parts are values, and an edit leaves most of them. */
const known = new WeakMap<Part, Destination[]>();

/** Where packets of a rule go: the networks that it names, or anywhere. */
function destinationsOf(part: Part, family: Family): Destination[] {
  const destinations = known.get(part) ?? networksIn(part, family).map(destination);
  known.set(part, destinations);
  return destinations;
}

function networksIn({ conditions }: Part, family: Family): readonly Address[] {
  const dst = conditions?.dst;
  if (!dst || dst.not) return [readValue(parseAddress(family === 4 ? "0.0.0.0/0" : "::/0"))];
  return networksOf(dst, family).map(networkOf);
}

const destination = (network: Address): Destination => ({ text: printAddress(network), network });

/** Networks in the order of their first address, wide ones first. */
function byAddress({ network: one }: Destination, { network: other }: Destination): number {
  if (one.bits !== other.bits) return one.bits < other.bits ? -1 : 1;
  return one.prefix - other.prefix;
}

/** The words behind `ip rule add`. */
export function describeIpRule({ mark, mask, table, priority = OUR_PRIORITY }: IpRule): string {
  const fwmark = `fwmark 0x${mark.toString(16)}/0x${mask.toString(16)}`;
  return `${fwmark} lookup ${table} protocol ${OUR_PROTOCOL} priority ${priority}`;
}

/** The words behind `ip route add`. */
export function describeRoute({ destination, table }: LocalRoute): string {
  return `local ${destination} dev lo table ${table}`;
}

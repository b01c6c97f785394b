/**
 * Between which addresses the destinations of each flow lie, side by side in memory: of ten thousand flows, those that
 * cannot be meant are passed over without a look at their rules.
 */
import type { Family } from "@flowmgr/flow-model";
import { type Reach, reachesOf } from "./reach.ts";
import type { FlowInForce } from "./rules.ts";

/** From the lowest address to behind the highest one, or a bit further where IPv6 rounds; of none, no address at all. */
type Span = { low: number; behind: number };

/** By place among the flows. */
type Destinations = { low: Float64Array; behind: Float64Array };

/** Of the reaches, together. */
export function spanOf(reaches: readonly Reach[]): Span {
  const span: Span = { low: Number.POSITIVE_INFINITY, behind: Number.NEGATIVE_INFINITY };
  for (const { dst } of reaches) {
    if (dst === null) return { low: Number.NEGATIVE_INFINITY, behind: Number.POSITIVE_INFINITY };
    span.low = Math.min(span.low, Number(dst[0]));
    span.behind = Math.max(span.behind, Number(dst.at(-1)));
  }
  return span;
}

type Made = { flows: readonly FlowInForce[]; destinations: Destinations };

/** Keyed by the flows of a config themselves: nothing changes these in place. */
const known: Record<Family, WeakMap<readonly FlowInForce[], Destinations>> = {
  4: new WeakMap(),
  6: new WeakMap(),
};
/** What was made last, of each kind of flows: the next config has most of its flows. */
const last = new Map<string, Made>();

/** Where the rules of each flow decide. */
export function destinationsOf(flows: readonly FlowInForce[], family: Family): Destinations {
  const before = known[family].get(flows);
  if (before) return before;
  const kind = `${family} ${flows[0]?.flow.kind}`;
  const destinations = made(flows, family, last.get(kind));
  known[family].set(flows, destinations);
  last.set(kind, { flows, destinations });
  return destinations;
}

/** Those of the flows at the beginning and at the end that were there before are taken over. */
function made(flows: readonly FlowInForce[], family: Family, before: Made | undefined): Destinations {
  const old = before?.flows ?? [];
  const least = Math.min(old.length, flows.length);
  let start = 0;
  while (start < least && old[start]?.flow === flows[start]?.flow) start += 1;
  let end = 0;
  while (start + end < least && old.at(-1 - end)?.flow === flows.at(-1 - end)?.flow) end += 1;
  const low = new Float64Array(flows.length);
  const behind = new Float64Array(flows.length);
  if (before) {
    const { destinations } = before;
    const tail = flows.length - end;
    low.set(destinations.low.subarray(0, start));
    low.set(destinations.low.subarray(old.length - end), tail);
    behind.set(destinations.behind.subarray(0, start));
    behind.set(destinations.behind.subarray(old.length - end), tail);
  }
  for (let at = start; at < flows.length - end; at += 1) {
    const flow = flows[at]?.flow;
    const span = spanOf(flow ? reachesOf(flow, family).deciding : []);
    low[at] = span.low;
    behind[at] = span.behind;
  }
  return { low, behind };
}

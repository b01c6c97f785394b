/** Counters as an event stream tells them: once whole, then what each reading says that the one before it did not. */
import type { Counters } from "./apply.ts";
import type { EventPayload } from "./status.ts";

type Flow = Counters["flows"][number];
type Count = Pick<Flow, "packets" | "bytes" | "since" | "lastHit">;

/** The flows that count otherwise than before; all of them when they are others, as after an apply. */
export function changedCounters(before: Counters, now: Counters): EventPayload<"counters"> {
  const same = before.flows.length === now.flows.length;
  if (!same || now.flows.some(({ name }, index) => before.flows[index]?.name !== name)) return now;
  const flows = now.flows.filter((flow, index) => !isSameFlow(before.flows[index], flow));
  return { at: now.at, flows, changes: true };
}

/** The counters with what an event says of them; null while the first whole reading is still to come. */
export function withChanges(before: Counters | null, event: EventPayload<"counters">): Counters | null {
  const { changes, ...reading } = event;
  if (!changes) return reading;
  if (!before) return null;
  const changed = new Map(reading.flows.map((flow) => [flow.name, flow]));
  return { at: reading.at, flows: before.flows.map((flow) => changed.get(flow.name) ?? flow) };
}

function isSameFlow(before: Flow | undefined, now: Flow): boolean {
  if (!isSame(before, now) || !isSame(before?.icmpErrors, now.icmpErrors)) return false;
  const { rules = [] } = before ?? {};
  return (
    rules.length === now.rules.length &&
    now.rules.every((rule, index) => rules[index]?.rule === rule.rule && isSame(rules[index], rule))
  );
}

function isSame(before: Count | undefined, now: Count | undefined): boolean {
  if (!before || !now) return before === now;
  const { packets, bytes, since, lastHit } = before;
  return packets === now.packets && bytes === now.bytes && since === now.since && lastHit === now.lastHit;
}

/** Counters told by what changed: whoever puts the events together has what the server read. */
import type { Counters } from "@flowmgr/flow-api";
import { changedCounters, withChanges } from "@flowmgr/flow-api/counters";
import fc from "fast-check";
import { expect, test } from "vitest";

const count = {
  packets: fc.nat(2),
  bytes: fc.nat(2),
  since: fc.constantFrom("s", "t"),
  lastHit: fc.constantFrom(null, "h"),
};
const flow = fc.record(
  {
    ...count,
    name: fc.constantFrom("a", "b", "c"),
    rules: fc.array(fc.record({ ...count, rule: fc.nat(2) }), { maxLength: 2 }),
    icmpErrors: fc.record(count),
  },
  { requiredKeys: ["packets", "bytes", "since", "lastHit", "name", "rules"] },
);
const reading = fc.record({
  at: fc.constantFrom("1", "2"),
  flows: fc.uniqueArray(flow, { maxLength: 3, selector: ({ name }) => name }),
});

test("a whole reading and the changes since give the reading, whatever changed", () => {
  fc.assert(
    fc.property(fc.array(reading, { minLength: 1, maxLength: 6 }), (readings) => {
      let told: Counters | null = null;
      let known: Counters | null = null;
      for (const now of readings) {
        known = withChanges(known, told ? changedCounters(told, now) : now);
        told = now;
        expect(known).toEqual(now);
      }
    }),
    { numRuns: 1000 },
  );
});

test("of many flows the one that counted is told, and who missed the first reading waits", () => {
  const quiet = { packets: 1, bytes: 1, since: "s", lastHit: null, rules: [] };
  const before = { at: "1", flows: ["a", "b", "c"].map((name) => ({ ...quiet, name })) };
  const flows = before.flows.map((one) => (one.name === "b" ? { ...one, packets: 2 } : { ...one }));
  const told = changedCounters(before, { at: "2", flows });
  expect(told).toEqual({ at: "2", changes: true, flows: [{ ...quiet, name: "b", packets: 2 }] });
  expect(withChanges(null, told)).toBeNull();
});

/** What two rows do not share is found whatever came of one on the way to the other. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { unshared } from "../src/index.ts";

type Value = { at: number };

/** A row, and what becomes of it: pieces are taken out, put in, replaced and moved. */
const rows = fc
  .record({
    length: fc.nat(120),
    edits: fc.array(
      fc.record({
        what: fc.constantFrom("out", "in", "other", "move"),
        at: fc.nat(120),
        count: fc.oneof(fc.nat(3), fc.nat(40)),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ length, edits }): [Value[], Value[]] => {
    const made = (count: number) => Array.from({ length: count }, (_, at) => ({ at }));
    const before = made(length);
    const after = [...before];
    for (const { what, at, count } of edits) {
      if (what === "out") after.splice(at, count);
      if (what === "in") after.splice(at, 0, ...made(count));
      if (what === "other") after.splice(at, count, ...made(Math.min(count, Math.max(0, after.length - at))));
      if (what === "move") after.push(...after.splice(at, count));
    }
    return [before, after];
  });

test("all that is in one row alone is told, and what is told of one as in the other only where it moved", () => {
  fc.assert(
    fc.property(rows, ([before, after]) => {
      const { gone, come } = unshared(before, after);
      const [old, now] = [new Set(before), new Set(after)];
      const both = new Set(gone.filter((value) => now.has(value)));
      expect(new Set(gone.filter((value) => !both.has(value)))).toEqual(
        new Set(before.filter((value) => !now.has(value))),
      );
      expect(new Set(come.filter((value) => !both.has(value)))).toEqual(
        new Set(after.filter((value) => !old.has(value))),
      );
      // So what is not told stands in both.
      expect(before.length - gone.length).toBe(after.length - come.length);
      expect([new Set(gone).size, new Set(come).size]).toEqual([gone.length, come.length]);
    }),
    { numRuns: 2000 },
  );
});

test("of rows that differ here and there, just that", () => {
  const before = Array.from({ length: 1000 }, (_, at) => ({ at }));
  const [other, more] = [{ at: -1 }, { at: -2 }];
  const after = [...before];
  const [replaced, out] = [after[3], after[500]];
  after[3] = other;
  after.splice(500, 1);
  after.splice(700, 0, more);
  expect(unshared(before, after)).toEqual({ gone: [replaced, out], come: [other, more] });
});

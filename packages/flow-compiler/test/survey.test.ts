/**
 * What the question about an address comes to after an edit, told from what it came to before and the flows that the edit
 * has changed: what a look at all of them gives.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { surveyAfter, surveyOf } from "../src/dispatch-address.ts";
import { changeOf, type Entry, type Region } from "../src/dispatch-entry.ts";
import { beginningOf, type Prefix, type Reach } from "../src/reach.ts";

const DIGITS = { 4: 8, 6: 32 } as const;

const every = (family: 4 | 6): Prefix => ({ hex: "0".repeat(DIGITS[family]), length: 0 });

/** Networks that begin alike, of two bytes behind the first: most of usual lengths, some wide. */
const network = (family: 4 | 6): fc.Arbitrary<Prefix> =>
  fc
    .tuple(fc.constantFrom(0x0a, 0x0a, 0x0a, 0x0a, 0x0b), fc.nat(0xff), fc.constantFrom(24, 24, 16, 12, 13))
    .map(([first, second, length]) => {
      const hex = [first, second, second].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return beginningOf({ hex: hex.padEnd(DIGITS[family], "0"), length: 32 }, length);
    });

const reach = (family: 4 | 6): fc.Arbitrary<Reach> =>
  fc.record({
    dst: fc.option(network(family), { freq: 6 }),
    src: fc.option(network(family), { freq: 4 }),
    proto: fc.constantFrom("", "-p tcp", "-p tcp"),
    iface: fc.constant(""),
    ports: fc.option(fc.constant([{ low: 25, high: 25 }])),
  });

const entry = (family: 4 | 6): fc.Arbitrary<Entry> =>
  fc
    .record({
      chain: fc.nat(1_000_000).map((number) => `@f${number}`),
      reaches: fc.array(reach(family), { minLength: 1, maxLength: 2 }),
      isForOne: fc.boolean(),
    })
    .map(({ chain, reaches, isForOne }) => {
      const [first] = reaches;
      // As of a director: its ICMP errors are for the same address.
      const alike = reaches.map((one) => ({ ...one, dst: first?.dst ?? null, src: first?.src ?? null }));
      return { chain, reaches: isForOne ? alike : reaches, ignores: false };
    });

const edited = fc.constantFrom<(4 | 6)[]>(4, 6).chain((family) =>
  fc.record({
    family: fc.constant(family),
    field: fc.constantFrom<("dst" | "src")[]>("dst", "src"),
    before: fc.oneof(fc.array(entry(family), { maxLength: 3 }), fc.array(entry(family), { maxLength: 12 })),
    at: fc.nat(12),
    gone: fc.nat(2),
    come: fc.array(entry(family), { maxLength: 2 }),
    questions: fc.constantFrom(3, 10),
    cheapRow: fc.constantFrom(1, 2, 3),
  }),
);

test("an edit is told by what it changes", () => {
  let told = 0;
  const property = fc.property(edited, ({ family, field, before, at, gone, come, questions, cheapRow }) => {
    const after = [...before.slice(0, at), ...come, ...before.slice(at + gone)];
    const region: Region = { dst: every(family), src: every(family), proto: "", ports: null };
    const room = { questions, jumps: 1000 };
    const limits = { family, cheapRow, flowsForAChain: 64 };
    const survey = surveyOf(field, before, region, room, limits);
    const quick = survey && surveyAfter(survey, changeOf(before, after), room, limits);
    if (!quick) return;
    expect(quick).toEqual(surveyOf(field, after, region, room, limits));
    told += 1;
  });
  fc.assert(property, { numRuns: 10_000 });
  expect(told).toBeGreaterThan(1000);
});

test("where all have one value, none is told: the widest may have been what they differ by", () => {
  const flow = (chain: string, length: number): Entry => ({
    chain,
    reaches: [{ dst: { hex: "0a070700", length }, src: null, proto: "", iface: "", ports: null }],
    ignores: false,
  });
  const region: Region = { dst: every(4), src: every(4), proto: "", ports: null };
  const room = { questions: 10, jumps: 1000 };
  const limits = { family: 4, cheapRow: 1, flowsForAChain: 64 } as const;
  const survey = surveyOf("dst", [flow("@wide", 16), flow("@narrow", 24)], region, room, limits);
  if (!survey) throw new Error("nobody cares");
  expect(surveyAfter(survey, { gone: [flow("@wide", 16)], come: [] }, room, limits)).toBeUndefined();
});

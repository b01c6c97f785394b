/** A change is worked out once for what was read and a program, and only for these. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { assignMarks, compile, delta, type FamilyState, isEmptyDelta, type Program } from "../src/index.ts";
import { configs } from "./arbitrary.ts";
import { DEFAULTS } from "./golden.ts";
import { stateOf } from "./state.ts";

const programs = configs.map((config): Program => {
  const assigned = assignMarks(config, { directors: {}, tables: {} }, DEFAULTS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, DEFAULTS);
});

test("asked again, and of the same chains with other jumps or another program, it says what it says of a copy", () => {
  fc.assert(
    fc.property(programs, programs, (before, after) => {
      const state = stateOf(before);
      const unhooked = { ...state, ip: { ...state.ip, hooks: [] } };
      for (const [found, wanted] of [
        [state, after],
        [state, before],
        [unhooked, after],
        [state, after],
      ] as const) {
        expect(delta(found, wanted)).toEqual(delta(structuredClone(found), structuredClone(wanted)));
      }
    }),
    { numRuns: 60 },
  );
});

/** What others, or an apply that was killed, make of what is there; chains that stay are the same values. */
const drift = fc.record({
  at: fc.nat(60),
  what: fc.constantFrom("gone", "other rule", "no rules", "retired", "foreign name", "last", "same words"),
});

const drifted = (found: FamilyState, drifts: readonly { at: number; what: string }[]): FamilyState => {
  const chains = [...found.chains];
  for (const { at, what } of drifts) {
    const chain = chains[at % Math.max(1, chains.length)];
    if (chain === undefined) continue;
    const place = chains.indexOf(chain);
    if (what === "gone") chains.splice(place, 1);
    if (what === "other rule") chains[place] = { ...chain, rules: [...chain.rules, "-p udp -j ACCEPT"] };
    if (what === "no rules") chains[place] = { ...chain, rules: [] };
    if (what === "retired") chains[place] = { ...chain, retired: 2 };
    if (what === "foreign name") chains.push({ name: `@other${at}`, rules: ["-j ACCEPT"] });
    if (what === "last") chains.push(...chains.splice(place, 1));
    if (what === "same words") chains[place] = structuredClone(chain);
  }
  return { ...found, chains };
};

test("behind what agreed, a change says what it says of copies, whatever became of either side", () => {
  const batches = fc.constantFrom(null, "b1");
  fc.assert(
    fc.property(
      programs,
      programs,
      fc.array(drift, { maxLength: 5 }),
      batches,
      (before, after, drifts, batch) => {
        const state = stateOf(before);
        const found = { ...state, ip: drifted(state.ip, drifts) };
        for (const wanted of [after, before, mixed(before, after)]) {
          const slow = delta(structuredClone(found), structuredClone(wanted), batch);
          expect(isEmptyDelta(delta(state, before))).toBe(true);
          expect(delta(found, wanted, batch)).toEqual(slow);
        }
      },
    ),
    { numRuns: 150 },
  );
});

/** A program with every other chain of one and the rest of another. */
function mixed(one: Program, { ip }: Program): Program {
  const others = new Map(ip.chains.map((chain) => [chain.name, chain]));
  const chains = one.ip.chains.map((chain, at) => (at % 2 === 0 ? (others.get(chain.name) ?? chain) : chain));
  return { ...one, ip: { ...one.ip, chains } };
}

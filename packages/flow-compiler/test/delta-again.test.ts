/** A change is worked out once for what was read and a program, and only for these. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { assignMarks, compile, delta, type Program } from "../src/index.ts";
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

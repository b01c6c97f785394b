/** `check` refuses a rule by how many iptables rules it would become: it counts what the compiler writes. */
import { combinationsOf, expandLists, flowsOf, NO_SETS } from "@flowmgr/flow-model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { directionOf } from "../src/chains.ts";
import { askedBy } from "../src/match.ts";
import { configs } from "./arbitrary.ts";

test("as many as are counted are written", () => {
  fc.assert(
    fc.property(configs, fc.constantFrom(NO_SETS, 1, 3, 20), (config, largeList) => {
      for (const flow of flowsOf(expandLists(config))) {
        for (const { conditions } of flow.rules) {
          for (const family of [4, 6] as const) {
            const { matches } = askedBy(conditions, family, directionOf(flow), largeList);
            expect(matches).toHaveLength(combinationsOf(conditions, family, largeList));
            // The first that holds ends the visit, so no two may ask the same.
            expect(new Set(matches.map((match) => JSON.stringify(match))).size).toBe(matches.length);
          }
        }
      }
    }),
    { numRuns: 1000 },
  );
});

import { type Config, editAll, parse } from "@flowmgr/flow-model";
import { arbitraryConfig } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editsTo } from "../src/api/edits-to.ts";
import { difference } from "../src/api/patch.ts";

const config = (text: string): Config => parse(text).config;
const edits = (before: Config, after: Config) => editsTo(before, after, difference(before, after));
const FOUR = "flow a deny\nflow b deny\nflow c deny\nflow d deny";

describe("edits from one config to another", () => {
  it("lead there, or there are none", () => {
    fc.assert(
      fc.property(arbitraryConfig({ maxFlows: 9 }), arbitraryConfig({ maxFlows: 9 }), (one, other) => {
        // Some flows of both, in another order.
        const mixed = { ...one, items: [...other.items.slice(2), ...one.items.slice(1).toReversed()] };
        for (const [before, after] of [
          [one, other],
          [one, mixed],
          [mixed, other],
        ] as const) {
          const found = edits(before, after);
          if (found) expect(editAll(before, found)).toEqual({ config: after });
        }
      }),
      { numRuns: 200 },
    );
  });

  it("say moves, additions, removals and changes in few words", () => {
    const after = config("flow d deny\nflow a permit\nflow e deny\nflow c deny");
    const found = edits(config(FOUR), after);
    expect(found?.map((edit) => edit.do)).toEqual(["change", "add", "remove", "move", "move"]);
    expect(editAll(config(FOUR), found ?? [])).toEqual({ config: after });
  });

  it("are not for a comment at the end, nor for all of a config, nor for nothing", () => {
    const before = config(FOUR);
    expect(edits(before, config(`${FOUR}\n# end`))).toBeNull();
    expect(edits(before, before)).toBeNull();
    const many = Array.from({ length: 300 }, (_, index) => `flow n${index} deny`).join("\n");
    expect(edits(before, config(many))).toBeNull();
  });
});

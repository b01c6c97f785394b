/** Whoever gives up gets what was found by then, said to be partial. */
import { manyFlows } from "@flowmgr/flow-model/testing";
import { describe, expect, it } from "vitest";
import { deadRules, decide, packetChanges } from "../src/index.ts";
import { Space } from "../src/space/decisions.ts";
import { TooLarge } from "../src/space/node-store.ts";

/** Says true from the given look on. */
function givingUpAfter(looks: number): { stop: () => boolean; asked: () => number } {
  let asked = 0;
  return {
    stop: () => {
      asked += 1;
      return asked > looks;
    },
    asked: () => asked,
  };
}

const config = manyFlows(300);
const changed = { ...config, items: config.items.slice(2) };

describe("a question that is given up", () => {
  it("leaves the rules open that were not judged by then", () => {
    const whole = deadRules(config);
    expect(whole.status).toBe("complete");
    const none = deadRules(config, { stop: () => true });
    expect(none.dead).toEqual([]);
    expect(none.open.length).toBeGreaterThan(300);
    const { stop, asked } = givingUpAfter(1);
    const some = deadRules(config, { stop });
    expect(asked()).toBeGreaterThan(1);
    expect(some.status).toBe("partial");
    expect(some.open.length).toBeLessThan(none.open.length);
    for (const found of some.dead) expect(whole.dead).toContainEqual(found);
  });

  it("tells the changes that were found by then", () => {
    const whole = packetChanges(config, changed);
    expect(whole.status).toBe("complete");
    expect(packetChanges(config, changed, { stop: () => true })).toEqual({
      status: "partial",
      changes: [],
      total: 0,
    });
  });

  it("tells some changes of a large edit, each with a packet that shows it", () => {
    const large = manyFlows(1000);
    const half = { ...large, items: large.items.filter((_, at) => at % 2 === 0) };
    // All of them take several times as many.
    const { stop } = givingUpAfter(300);
    const { status, changes } = packetChanges(large, half, { stop });
    expect(status).toBe("partial");
    expect(changes.length).toBeGreaterThan(10);
    for (const { was, is, regions, whole } of changes) {
      expect(whole).toBe(false);
      for (const { packet } of regions) {
        expect(decide(large, packet).verdict).toEqual(was.verdict);
        expect(decide(half, packet).verdict).toEqual(is.verdict);
      }
    }
  });

  it("ends what is being worked out in a diagram", () => {
    const { stop } = givingUpAfter(1);
    const space = new Space([config], "in", 4, { stop });
    const [judged] = space.judged;
    if (!judged) throw new Error("no config");
    expect(() => space.decisions(judged, { box: [], set: null })).toThrow(TooLarge);
  });
});

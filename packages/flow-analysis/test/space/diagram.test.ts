/** A diagram stays as large as it may be. */
import { describe, expect, it } from "vitest";
import { Diagram } from "../../src/space/diagram.ts";
import { TooLarge, terminal } from "../../src/space/node-store.ts";

/** Sets of one value each until there is no room; gives how many edges there are then. */
function fill(diagram: Diagram): number {
  const add = () => {
    for (let value = 0; value < 1000; value += 1) {
      diagram.box([[value, value]], [1000], terminal(diagram.edges + 1));
    }
  };
  expect(add).toThrow(TooLarge);
  return diagram.edges;
}

describe("the room of a diagram", () => {
  it("is not more each time that what was found is told", () => {
    const diagram = new Diagram(1, 300);
    expect(fill(diagram)).toBeLessThanOrEqual(300);
    diagram.moreRoom();
    expect(fill(diagram)).toBeGreaterThan(300);
    for (let kind = 0; kind < 20; kind += 1) diagram.lastRoom();
    expect(fill(diagram)).toBeGreaterThan(600);
    expect(diagram.edges).toBeLessThanOrEqual(900);
  });
});

import type { HealthLine } from "@flowmgr/flow-api";
import { expect, test } from "vitest";
import { stateOf, summaryOf } from "../../src/paths/health.ts";

const health = (...states: HealthLine["state"][]) =>
  states.map((state) => ({ what: "mark", state, text: "as it is" }));

test.each<[HealthLine["state"][], HealthLine["state"]]>([
  [["ok", "error", "warning"], "error"],
  [["ok", "warning", "unknown"], "warning"],
  [["ok", "unknown"], "unknown"],
  [["off", "ok"], "ok"],
  [["off"], "off"],
  [[], "ok"],
])("lines %j make a path that is %s", (states, state) => {
  expect(stateOf(health(...states))).toBe(state);
});

test("the summary counts paths and not lines", () => {
  const all = [health("error", "error", "warning"), health("warning"), health("ok"), health("unknown")];
  expect(summaryOf(all.map((lines) => ({ health: lines })))).toBe("1 error, 1 warning in 4 paths");
});

test("what the kernel does not tell is not called right", () => {
  expect(summaryOf([{ health: health("ok") }, { health: health("unknown") }])).toBe(
    "Nothing wrong in 2 paths; of 1 the kernel does not tell all",
  );
  expect(summaryOf([{ health: health("ok") }, { health: health("off") }])).toBe("All paths stand");
  expect(summaryOf([])).toMatch(/^No flow names/);
});

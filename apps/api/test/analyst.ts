/** An analyst with a thread of its own, which goes with the test; what died, and why. */
import type { FamilyName } from "@flowmgr/flow-compiler";
import { afterEach, onTestFinished } from "vitest";
import { createAnalyst } from "../src/analysis/analyst.ts";
import type { Analyst } from "../src/analysis/asking.ts";
import { systemClock } from "../src/clock.ts";
import type { Clock } from "../src/parts.ts";
import { config } from "./machine-as-data.ts";

const judged: FamilyName[] = ["ip", "ip6"];
export const parts = {
  clock: systemClock,
  settings: { loopback: "spare", neighbours: "spare" },
  engine: { state: () => ({ tables: {}, judged }) },
} as const;

export const logged: unknown[] = [];

export function analyst(heapMb?: number, clock: Clock = systemClock): Analyst {
  const made = createAnalyst(
    { ...parts, clock },
    { log: (error) => logged.push(error), ...(heapMb && { heapMb }) },
  );
  onTestFinished(() => made.close());
  return made;
}

afterEach(() => {
  logged.length = 0;
});

export const MINUTES = 600_000;
export const permits = config("flow a permit\n  match dst 10.0.0.1\n");
export const denies = config("flow a deny\n  match dst 10.0.0.1\n");

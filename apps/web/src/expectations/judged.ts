/** One expectation judged by itself, while it is being written. */
import { type ExpectationResult, judgeExpectations } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";
import type { Config, Expect } from "@flowmgr/flow-model";
import { meaningOf } from "../analysis/meaning.ts";

/** Longest for one answer, in milliseconds: a person is writing it. */
const PATIENCE = 2_000;

/** What becomes of it in this config; `open` when that takes too long here. */
export function judgedNow(
  expect: Expect,
  config: Config,
  machine: Pick<Status, "spared" | "tables">,
): ExpectationResult | null {
  const end = performance.now() + PATIENCE;
  const others = config.items.filter(({ kind }) => kind !== "expect");
  const { expectations } = judgeExpectations(
    { ...config, items: [...others, expect] },
    { ...meaningOf(machine), stop: () => performance.now() > end },
  );
  return expectations[0] ?? null;
}

/** What became of a config's expectations, as it travels over REST. */
import { type ExpectationResult, sampleOf } from "@flowmgr/flow-analysis";
import type { Expectation, Findings } from "@flowmgr/flow-api";
import { type Config, type Diagnostic, keyOf } from "@flowmgr/flow-model";
import type { Parts } from "../parts.ts";
import type { Asked } from "./asking.ts";

/** Of a config without errors; the diagnostics have paths and no places. */
export async function expectationsOf(
  { analyst }: Pick<Parts, "analyst">,
  config: Config,
  asked: Asked,
): Promise<Pick<Findings, "status" | "expectations"> & { diagnostics: Diagnostic[] }> {
  const { status, expectations, diagnostics } = await analyst.expectations(config, asked);
  return { status, expectations: expectations.flatMap((one) => told(config, one)), diagnostics };
}

function told(config: Config, { index, status, packet, decision }: ExpectationResult): Expectation[] {
  const item = config.items[index];
  if (item?.kind !== "expect") return [];
  const { verdict, flow, rule } = decision ?? {};
  const by = flow ? { flow, rule: rule ?? null } : null;
  const counterexample = packet && verdict ? { sample: sampleOf(packet), verdict, by } : null;
  return [{ path: `/items/${index}`, text: keyOf(item), status, counterexample }];
}

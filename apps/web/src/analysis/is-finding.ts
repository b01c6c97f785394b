import { FINDING_CODES } from "@flowmgr/flow-analysis";
import type { Diagnostic } from "@flowmgr/flow-model";

/** It says what the analysis found, over all packets. */
export function isFinding({ code }: Diagnostic): boolean {
  return FINDING_CODES.has(code);
}

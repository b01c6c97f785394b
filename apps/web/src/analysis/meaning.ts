/** What the machine adds to the meaning of a config, as the analysis takes it. */
import type { AnalysisOptions } from "@flowmgr/flow-analysis";
import type { Status } from "@flowmgr/flow-api";

export type Meaning = Pick<AnalysisOptions, "loopback" | "neighbours" | "tables">;

/** From what the server tells of itself. */
export function meaningOf({ spared, tables }: Pick<Status, "spared" | "tables">): Meaning {
  return {
    loopback: spared.loopback ? "spare" : "judge",
    neighbours: spared.neighbours ? "spare" : "judge",
    tables: new Map(tables.map(({ name, number }) => [name, number])),
  };
}

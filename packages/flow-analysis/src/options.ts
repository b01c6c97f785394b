/** What every question over packet sets is asked with. */
import type { Family } from "@flowmgr/flow-model";
import type { TraceOptions } from "./walk.ts";

export type AnalysisOptions = TraceOptions & {
  /** Asked about every 1000 steps; once it says true the answer ends, as a partial one. For deadlines, and to give up. */
  stop?: () => boolean;
  /**
   * Whose packets searches and changes tell of. Default: both. What a config says of its own packets, as dead rules and
   * expectations do, is said of both.
   */
  families?: readonly Family[];
};

export const FAMILIES: readonly Family[] = [4, 6];

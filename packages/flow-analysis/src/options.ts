/** What every question over packet sets is asked with. */
import type { TraceOptions } from "./walk.ts";

export type AnalysisOptions = TraceOptions & {
  /** Asked about every 1000 steps; once it says true the answer ends, as a partial one. For deadlines, and to give up. */
  stop?: () => boolean;
};

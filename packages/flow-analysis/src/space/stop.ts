/** How a question is given up half-way. */
import type { AnalysisOptions } from "../options.ts";
import { TooLarge } from "./node-store.ts";

/** Steps between two looks at the clock: well below a millisecond of work. */
const STEPS = 1024;

/** To be called at each step of something long. Throws TooLarge once `stop` says true, and from then on. */
export function stopper(stop: AnalysisOptions["stop"]): () => void {
  if (!stop) return () => {};
  let steps = 0;
  let givenUp: TooLarge | null = null;
  return () => {
    if (steps % STEPS === 0 && stop()) givenUp ??= new TooLarge("given up");
    steps += 1;
    if (givenUp) throw givenUp;
  };
}

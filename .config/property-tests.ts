/**
 * `npm test` tries the same random values each time, so that what it says is of the change at hand; `FLOWMGR_SEED`
 * tries others. A property that fails is shrunk for as long as vitest waits for a test, not for hours: nothing else
 * could end what never yields. Who asks for more runs waits for them.
 */
import fc from "fast-check";

const LONGEST_MS = 50_000;

fc.configureGlobal({
  seed: Number(process.env.FLOWMGR_SEED ?? 20_261_128),
  ...(process.env.FLOWMGR_RUNS === undefined && { interruptAfterTimeLimit: LONGEST_MS }),
});

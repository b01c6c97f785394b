/**
 * A property that fails is shrunk for as long as vitest waits for a test, not for hours: nothing else could end what
 * never yields. Who asks for more runs waits for them.
 */
import fc from "fast-check";

const LONGEST_MS = 50_000;

if (process.env.FLOWMGR_RUNS === undefined) fc.configureGlobal({ interruptAfterTimeLimit: LONGEST_MS });

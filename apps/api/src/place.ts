/**
 * Where files lie beside the server's code: it runs from `src`, or made into JavaScript from `dist` beside it
 * (vite.config.ts), which holds nothing else.
 */
import { join } from "node:path";

const isSource = import.meta.filename.endsWith(".ts");

/** Where the build puts the page. */
export const PAGE = join(import.meta.dirname, "../../web/dist");

/** SQL, one file a step. */
export const MIGRATIONS = join(import.meta.dirname, "../src/store/migrations");

/** What the thread of the analysis runs. */
export const WORKER = join(import.meta.dirname, isSource ? "analysis/worker.ts" : "worker.js");

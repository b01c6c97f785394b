/**
 * Deliberate mistakes in the analysis, each of which the tests must notice: `npm run mutants [-- NUMBER...]`. A text that
 * is not in its file exactly once, a mutant that no test fails for, and one with which no test runs at all, are errors;
 * so are tests that fail without any.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MUTANTS, type Mutant, TESTS } from "./list.ts";

const root = join(import.meta.dirname, "../../../..");
const folder = mkdtempSync(join(tmpdir(), "flowmgr-mutants-"));
/** Milliseconds after which the tests have no end: that fails them, too. */
const PATIENCE = 300_000;

function isThere({ file, old }: Mutant): boolean {
  const text = readFileSync(join(root, "packages/flow-analysis/src", file), "utf8");
  return text.split(old).length === 2;
}

/** How many tests fail with a mutant, up to the first; all when they have no end. */
function failures(mutant: string, tests: readonly string[]): number {
  const report = join(folder, `${mutant}.json`);
  const config = join(import.meta.dirname, "vitest.config.ts");
  const asked = ["run", "--config", config, "--bail", "1", "--reporter", "json", "--outputFile", report];
  const { error } = spawnSync(join(root, "node_modules/.bin/vitest"), [...asked, ...tests], {
    cwd: root,
    env: { ...process.env, FLOWMGR_MUTANT: mutant, FLOWMGR_CELLS: "400000", FLOWMGR_RUNS: "60" },
    stdio: "ignore",
    timeout: PATIENCE,
    killSignal: "SIGKILL",
  });
  if (error) return Number.POSITIVE_INFINITY;
  const told: { numFailedTests: number; numPassedTests: number } = JSON.parse(readFileSync(report, "utf8"));
  // A source that cannot be loaded has no test that fails, and proves nothing.
  return told.numFailedTests;
}

function end(said: string, failed: boolean): never {
  rmSync(folder, { recursive: true });
  console.log(said);
  process.exit(failed ? 1 : 0);
}

const asked = process.argv.slice(2).map(Number);
const chosen = [...MUTANTS.entries()].filter(([number]) => asked.length === 0 || asked.includes(number));
const gone = chosen.filter(([, mutant]) => !isThere(mutant));
for (const [number, { file, old }] of gone)
  console.error(`${number} ${file}: not there exactly once: ${old}`);
if (gone.length > 0) end(`${gone.length} mutants name a text that is gone`, true);
const needed = [...new Set(chosen.flatMap(([, { tests }]) => TESTS[tests]))];
if (failures("none", needed) > 0) end("the tests fail without a mutant", true);
let survived = 0;
for (const [number, { file, what, tests }] of chosen) {
  const begun = performance.now();
  const isCaught = failures(String(number), TESTS[tests]) > 0;
  if (!isCaught) survived += 1;
  const took = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`${number} ${isCaught ? "caught" : "SURVIVED"} in ${took} s: ${file}: ${what}`);
}
end(`${chosen.length} mutants, ${survived} survived`, survived > 0);

/**
 * Deliberate mistakes in the analysis, each of which the tests must notice: `npm run mutants [-- NUMBER...]`. A text that
 * is not in its file exactly once, a mutant that no test fails for, and one with which no test runs at all, are errors.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MUTANTS, type Mutant, TESTS } from "./list.ts";

const root = join(import.meta.dirname, "../../../..");
const report = join(mkdtempSync(join(tmpdir(), "flowmgr-mutants-")), "report.json");

function isThere({ file, old }: Mutant): boolean {
  const text = readFileSync(join(root, "packages/flow-analysis/src", file), "utf8");
  return text.split(old).length === 2;
}

/** Does a test fail with it? */
function isCaught(mutant: Mutant, number: number): boolean {
  const config = join(import.meta.dirname, "vitest.config.ts");
  const asked = ["run", "--config", config, "--bail", "1", "--reporter", "json", "--outputFile", report];
  const { status } = spawnSync(join(root, "node_modules/.bin/vitest"), [...asked, ...TESTS[mutant.tests]], {
    cwd: root,
    env: { ...process.env, FLOWMGR_MUTANT: String(number), FLOWMGR_CELLS: "60000" },
    stdio: "ignore",
  });
  const { numFailedTests }: { numFailedTests: number } = JSON.parse(readFileSync(report, "utf8"));
  rmSync(report);
  return status !== 0 && numFailedTests > 0;
}

const asked = process.argv.slice(2).map(Number);
const chosen = [...MUTANTS.entries()].filter(([number]) => asked.length === 0 || asked.includes(number));
const gone = chosen.filter(([, mutant]) => !isThere(mutant));
for (const [number, { file, old }] of gone)
  console.error(`${number} ${file}: not there exactly once: ${old}`);
let survived = 0;
for (const [number, mutant] of gone.length > 0 ? [] : chosen) {
  const begun = performance.now();
  const caught = isCaught(mutant, number);
  if (!caught) survived += 1;
  const took = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`${number} ${caught ? "caught" : "SURVIVED"} in ${took} s: ${mutant.file}: ${mutant.what}`);
}
rmSync(join(report, ".."), { recursive: true });
console.log(`${chosen.length} mutants, ${survived} survived, ${gone.length} not found`);
process.exit(survived + gone.length > 0 ? 1 : 0);

/**
 * Every suite, one after the other, and one closing line that adds them up: `N passed, N failed`.
 *
 * `npm test` runs all; `npm test -- unit` one of them. A suite that breaks off without a report counts as a
 * failure, as does one that ran no test without a reason for it, which then stands in the closing line.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `why`: the reason for which a suite was skipped as a whole. */
type Count = { passed: number; failed: number; skipped: number; why?: string };

/** `minutes`: the longest that it may take; what has not ended by then never will, and is stopped. */
type Suite = {
  name: string;
  minutes: number;
  args: (report: string) => string[];
  count: (report: string, status: number | null) => Count;
};

const root = join(import.meta.dirname, "..");
const bin = (path: string) => join(root, "node_modules", path);

/** A command whose exit status is its only result. */
const step = (name: string, ...args: string[]): Suite => ({
  name,
  minutes: 5,
  args: () => args,
  count: (_report, status) => ({
    passed: status === 0 ? 1 : 0,
    failed: status === 0 ? 0 : 1,
    skipped: 0,
  }),
});

function vitestCount(report: string): Count {
  const read = JSON.parse(readFileSync(report, "utf8"));
  return {
    passed: Number(read.numPassedTests),
    failed: Number(read.numFailedTests),
    skipped: Number(read.numPendingTests) + Number(read.numTodoTests),
  };
}

function playwrightCount(report: string): Count {
  const { stats } = JSON.parse(readFileSync(report, "utf8"));
  return {
    passed: Number(stats.expected) + Number(stats.flaky),
    failed: Number(stats.unexpected),
    skipped: Number(stats.skipped),
  };
}

const projects = [
  "packages/flow-model/tsconfig.json",
  "packages/flow-model/tsconfig.test.json",
  "packages/flow-analysis/tsconfig.json",
  "packages/flow-analysis/tsconfig.test.json",
  "packages/flow-compiler/tsconfig.json",
  "packages/flow-compiler/tsconfig.test.json",
  "packages/flow-api/tsconfig.json",
  "packages/kernel/tsconfig.json",
  "apps/api/tsconfig.json",
  "apps/web/tsconfig.json",
  "e2e/tsconfig.json",
  "bench/tsconfig.json",
  ".config/tsconfig.json",
];

const suites: Suite[] = [
  ...projects.map((project) => step(`types ${project}`, bin("typescript/bin/tsc"), "-p", project)),
  step("lint", bin("@biomejs/biome/bin/biome"), "check", "."),
  step("house rules", ".config/house-rules.ts"),
  step("unused", bin("knip/bin/knip.js"), "--config", ".config/knip.json"),
  {
    name: "unit",
    minutes: 30,
    args: (report) => [
      bin("vitest/vitest.mjs"),
      "run",
      "--config",
      ".config/vitest.config.ts",
      "--reporter=default",
      "--reporter=json",
      "--reporter=.config/slow-files.ts",
      `--outputFile.json=${report}`,
    ],
    count: vitestCount,
  },
  {
    name: "e2e",
    minutes: 20,
    args: () => ["e2e/node_modules/playwright/cli.js", "test", "--config", "e2e/playwright.config.ts"],
    count: playwrightCount,
  },
  {
    name: "ipvs",
    minutes: 15,
    args: (report) => ["e2e/ipvs/run.ts", report],
    count: (report) => JSON.parse(readFileSync(report, "utf8")),
  },
];

/** Runs a suite in a process group of its own, which ends with us, and gives its exit status; null: it was stopped. */
async function statusOf(suite: Suite, report: string): Promise<number | null> {
  const child = spawn(process.execPath, suite.args(report), {
    cwd: root,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  const end = (signal: NodeJS.Signals) => child.pid !== undefined && process.kill(-child.pid, signal);
  const pass = (signal: NodeJS.Signals) => {
    end(signal);
    process.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, pass);
  const limit = setTimeout(() => {
    console.log(`${suite.name}: did not end within ${suite.minutes} minutes, and was stopped`);
    end("SIGKILL");
  }, suite.minutes * 60_000);
  const [status] = await once(child, "exit");
  clearTimeout(limit);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, pass);
  return status;
}

async function runSuite(suite: Suite, folder: string): Promise<Count> {
  const report = join(folder, `${suite.name.replace(/\W/g, "-")}.json`);
  const started = Date.now();
  const status = await statusOf(suite, report);
  let count: Count;
  try {
    count = suite.count(report, status);
  } catch {
    count = { passed: 0, failed: 0, skipped: 0 };
  }
  const idle = count.passed + count.failed === 0 && count.why === undefined;
  const broken = (status !== 0 && count.failed === 0) || idle;
  if (broken) count = { ...count, failed: count.failed + 1 };
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${suite.name}: ${count.passed} passed, ${count.failed} failed (${seconds} s)`);
  return count;
}

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "flowmgr-test-"));
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const reasons: string[] = [];
for (const suite of suites) {
  if (wanted.length > 0 && !wanted.some((word) => suite.name.startsWith(word))) continue;
  const count = await runSuite(suite, folder);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  if (count.why !== undefined) reasons.push(count.why);
}
rmSync(folder, { recursive: true });
const why = reasons.length > 0 ? ` (${reasons.join("; ")})` : "";
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped${why}` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

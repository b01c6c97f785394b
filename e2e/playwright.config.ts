import { defineConfig } from "playwright/test";

/** Debian's Chromium; as root it needs --no-sandbox, and it must not call home from a machine without a network. */
const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-quic",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  // Each worker has a namespace, a server and a database of its own; two fit the smallest machine.
  workers: 2,
  // A browser on a busy machine may lose a race that no user could: what passes at the second time is named as flaky.
  retries: 1,
  timeout: 240_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["json"]],
  use: {
    browserName: "chromium",
    launchOptions: CHROMIUM,
    viewport: { width: 1440, height: 900 },
    // What is not there after a minute will not come: the next test need not wait for it.
    actionTimeout: 60_000,
    // What a failure needs; pictures of each moment cost a fifth of the time.
    trace: { mode: "retain-on-failure", screenshots: false, snapshots: true },
    screenshot: "only-on-failure",
    // Nobody watches, and what moves has to be waited for.
    contextOptions: { reducedMotion: "reduce" },
  },
  outputDir: "../test-results",
});

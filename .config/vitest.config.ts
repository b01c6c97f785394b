import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["packages/*/test/**/*.test.ts", "apps/*/test/**/*.test.ts"],
    // Tests wait for the kernel's tools half of their time; one worker a core, not one less.
    maxWorkers: availableParallelism(),
    setupFiles: [".config/property-tests.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

/** The unit tests over sources in which one text is replaced: the mutant of FLOWMGR_MUTANT, its place in the list; `none`: none. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../../../.config/vitest.config.ts";
import { MUTANTS } from "./list.ts";

const asked = process.env.FLOWMGR_MUTANT;
const mutant = MUTANTS[Number(asked)];
if (!mutant && asked !== "none") throw new Error("FLOWMGR_MUTANT names no mutant");

export default mergeConfig(
  base,
  defineConfig({
    // One process, which ends whole. What is kept of an earlier run may be of another mutant.
    test: {
      pool: "threads",
      fsModuleCache: false,
      setupFiles: [new URL("quick-end.ts", import.meta.url).pathname],
    },
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        transform(code, id) {
          if (!mutant || !id.endsWith(`/packages/flow-analysis/src/${mutant.file}`)) return null;
          return code.replace(mutant.old, () => mutant.wrong);
        },
      },
    ],
  }),
);

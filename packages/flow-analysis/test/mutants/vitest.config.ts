/** The unit tests over sources in which one text is replaced: the mutant of FLOWMGR_MUTANT, its place in the list. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "../../../../.config/vitest.config.ts";
import { MUTANTS } from "./list.ts";

const mutant = MUTANTS[Number(process.env.FLOWMGR_MUTANT)];
if (!mutant) throw new Error("FLOWMGR_MUTANT names no mutant");

export default mergeConfig(
  base,
  defineConfig({
    plugins: [
      {
        name: "mutant",
        enforce: "pre",
        transform(code, id) {
          if (!id.endsWith(`/packages/flow-analysis/src/${mutant.file}`)) return null;
          return code.replace(mutant.old, () => mutant.wrong);
        },
      },
    ],
  }),
);

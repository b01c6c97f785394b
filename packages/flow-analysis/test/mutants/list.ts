/** Deliberate mistakes, one text each. Whoever changes a line that is named here names the new one. */
import { OF_EDITS } from "./list-edits.ts";
import { OF_PROGRAM } from "./list-program.ts";
import { OF_SPACE } from "./list-space.ts";

export type Mutant = {
  /** Below `packages/flow-analysis/src`. */
  file: string;
  /** What goes wrong. */
  what: string;
  old: string;
  wrong: string;
  /** Which tests have to notice it. */
  tests: keyof typeof TESTS;
};

const own = (name: string) => `packages/flow-analysis/test/${name}.test.ts`;

/** By subject, the quick ones; the last ones need the compiler. */
export const TESTS = {
  space: [own("exhaustive"), own("space/decisions")],
  narrow: [own("space/narrow"), own("expectations")],
  told: [own("oracle")],
  dead: [own("dead-rules")],
  differences: [own("differences")],
  expectations: [own("expectations")],
  search: [own("search")],
  lockout: [own("lockout")],
  program: [own("program"), "packages/flow-compiler/test/program-proof.test.ts"],
  edits: [own("program-edits"), own("program-reading"), "packages/flow-compiler/test/program-edits.test.ts"],
} satisfies Record<string, string[]>;

/** In an order that stays: they are called by their place. */
export const MUTANTS: readonly Mutant[] = [...OF_SPACE, ...OF_PROGRAM, ...OF_EDITS];

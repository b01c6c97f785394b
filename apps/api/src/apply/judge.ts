/**
 * The compiler judged: before a program goes into the kernel it is proven to do what the flows say. A difference is a
 * defect of ours, and nothing goes in. A proof that comes to no end stops nobody: the rules are then as good as they
 * were without it, and it is said.
 */

import type { ProgramText, Proof } from "@flowmgr/flow-analysis/program";
import { type CompileOptions, type Program, renderPieces, renderSets } from "@flowmgr/flow-compiler";
import { type Config, type Diagnostic, locate, printPacket, printWithPlaces } from "@flowmgr/flow-model";
import type { Analyst, Asked } from "../analysis/asking.ts";
import { Problem } from "../problem.ts";

export type Prover = Pick<Analyst, "proveProgram">;

/** Milliseconds for both families: whoever applies rather waits than hears that nothing was proven. */
const BUDGET = 10_000;

/** A program and the config that it was made of. */
type Judged = { config: Config; text: string; program: Program };

export class Judge {
  readonly #prover: Prover;
  /** What was proven last, so that a plan and the apply behind it prove it once; what stayed open is tried again. */
  #proven: { text: string; program: Program; tables: string } | null = null;

  constructor(prover: Prover) {
    this.#prover = prover;
  }

  /**
   * Null when the program is proven; a sentence when the proof came to no end. `text`: of the config. Throws Problem
   * 500 where the program does something else than the flows say.
   */
  async judge(
    { config, text, program }: Judged,
    { markMask, tables = {} }: CompileOptions,
    asker: Asked = {},
  ): Promise<string | null> {
    const asked = { text, program, tables: JSON.stringify(tables) };
    const { text: provenText, program: provenProgram, tables: provenTables } = this.#proven ?? {};
    if (text === provenText && program === provenProgram && asked.tables === provenTables) return null;
    const texts = textsOf(program, markMask);
    const proof = await this.#prover.proveProgram(config, texts, tables, { ...asker, budget: BUDGET });
    if (proof.status === "differs") throw compilerDiffers(proof, config);
    if (proof.status === "open") return `${UNPROVEN}: ${proof.said}.`;
    this.#proven = asked;
    return null;
  }

  /** The same as what a plan tells of it. */
  async diagnose(judged: Judged, options: CompileOptions): Promise<Diagnostic[]> {
    try {
      const said = await this.judge(judged, options);
      return said === null ? [] : [{ code: "compiler-unproven", severity: "warning", message: said }];
    } catch (error) {
      if (error instanceof Problem && error.code === DIFFERS) return error.diagnostics;
      throw error;
    }
  }
}

const UNPROVEN = "It was not proven that the rules for the kernel do what the flows say";
const DIFFERS = "compiler-differs";

function textsOf(program: Program, markMask: number): ProgramText[] {
  return (["ip", "ip6"] as const).flatMap((name): ProgramText[] => {
    if (program[name] === null) return [];
    const family = name === "ip" ? 4 : 6;
    const [text, sets] = [renderPieces(program, name), renderSets(program, name)];
    return [{ family, text, sets, marks: program.marks, markMask }];
  });
}

function compilerDiffers(proof: Proof, config: Config): Problem {
  return new Problem({
    status: 500,
    code: DIFFERS,
    title: "The rules would not do what the flows say",
    detail: `${proof.said}. Nothing was changed. This is a defect of flowmgr, not of the config: the server's log holds what a report of it needs.`,
    diagnostics: [differsDiagnostic(proof, config)],
  });
}

function differsDiagnostic({ said, packet, expected }: Proof, config: Config): Diagnostic {
  const { flow = null, rule = null } = expected ?? {};
  const item = config.items.findIndex(
    (one) => one.kind !== "expect" && one.kind !== "list" && one.name === flow,
  );
  const diagnostic: Diagnostic = {
    code: DIFFERS,
    severity: "error",
    message: `the rules for the kernel would not do what the flows say: ${said}`,
    ...(flow !== null && { flow }),
    ...(rule !== null && { rule }),
    ...(item >= 0 && { path: rule === null ? `/items/${item}` : `/items/${item}/rules/${rule - 1}` }),
    ...(packet && { packet: printPacket(packet) }),
  };
  return locate([diagnostic], printWithPlaces(config).places)[0] ?? diagnostic;
}

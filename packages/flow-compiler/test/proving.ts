/** Programs as an apply makes them, and their proof. */
import { type Proof, type ProofOptions, proveProgram } from "@flowmgr/flow-analysis/program";
import type { Config } from "@flowmgr/flow-model";
import {
  assignMarks,
  type CompileOptions,
  compile,
  type Program,
  renderFamily,
  renderSets,
} from "../src/index.ts";

const NO_MARKS = { directors: {}, tables: {} };

/** With marks as for a first apply. */
export function compiled(config: Config, settings: CompileOptions): Program {
  const assigned = assignMarks(config, NO_MARKS, settings);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, settings);
}

/** The proof of a text that stands for the program's. */
export function proveText(
  config: Config,
  family: 4 | 6,
  text: string,
  program: Program,
  settings: CompileOptions,
) {
  const { marks } = program;
  const sets = renderSets(program, family === 4 ? "ip" : "ip6");
  return proveProgram(
    config,
    { family, text, sets, marks, markMask: settings.markMask },
    proofOptions(settings),
  );
}

/** What a proof has to know of the settings. */
export function proofOptions({ loopback, neighbours, tables }: CompileOptions): ProofOptions {
  return { loopback, neighbours, tables: new Map(Object.entries({ main: 254, default: 253, ...tables })) };
}

/** The proof of each family that the program has; the first that is not equal. */
export function prove(config: Config, program: Program, settings: CompileOptions): Proof {
  const ip = proveText(config, 4, renderFamily(program, "ip"), program, settings);
  if (ip.status !== "equal" || program.ip6 === null) return ip;
  return proveText(config, 6, renderFamily(program, "ip6"), program, settings);
}

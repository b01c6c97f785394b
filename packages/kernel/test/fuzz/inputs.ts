/**
 * One batch of inputs through everything that happens to a config before it meets the kernel. Runs in a thread of
 * its own, so that whoever waits for it sees a hang.
 */
import { parentPort } from "node:worker_threads";
import { assignMarks, compile, type Program } from "@flowmgr/flow-compiler";
import { type Config, check, checkText, configSchema, parse, print } from "@flowmgr/flow-model";
import fc from "fast-check";
import { OPTIONS } from "../lab.ts";
import { arbitraryJson, arbitraryText } from "./mutations.ts";

export type Batch = { seed: number; size: number };
export type Fault = { input: string; what: string };
/** `green`: what may go into the kernel, with the text that it comes from. */
export type Outcome = { inputs: number; green: { text: string; program: Program }[]; faults: Fault[] };

const NO_MARKS = { directors: {}, tables: {} };

/** The program of a config that check passes; null for one that it refuses. */
function programOf(config: Config): { text: string; program: Program } | null {
  if (check(config).some(({ severity }) => severity === "error")) return null;
  const text = print(config);
  const again = parse(text);
  if (again.diagnostics.length > 0) throw new Error(`printed text has errors:\n${text}`);
  if (print(again.config) !== text) throw new Error(`printed text differs when read:\n${text}`);
  const options = { ...OPTIONS, tables: tablesNamed(config) };
  const assigned = assignMarks(config, NO_MARKS, options);
  return "error" in assigned ? null : { text, program: compile(config, assigned.marks, options) };
}

/** Whatever table a config names is there: which ones a machine has is not asked here. */
function tablesNamed(config: Config): { [name: string]: number } {
  const named = config.items.flatMap((item) =>
    "policy" in item && item.policy?.action === "table" ? item.policy.table : [],
  );
  return Object.fromEntries(named.map((name, index) => [name, 1000 + index]));
}

function fromText(text: string): ReturnType<typeof programOf> {
  const { config, diagnostics } = checkText(text);
  for (const { line = 0, column = 0, code } of diagnostics) {
    if (code !== "too-many" && (line < 1 || column < 1)) throw new Error(`${code} has no place`);
  }
  return diagnostics.some(({ severity }) => severity === "error") ? null : programOf(config);
}

function fromJson(json: unknown): ReturnType<typeof programOf> {
  const read = configSchema.safeParse(json);
  return read.success ? programOf(read.data) : null;
}

function run({ seed, size }: Batch): Outcome {
  const outcome: Outcome = { inputs: 0, green: [], faults: [] };
  const attempt = (input: string, work: () => ReturnType<typeof programOf>) => {
    outcome.inputs += 1;
    try {
      const green = work();
      if (green) outcome.green.push(green);
    } catch (error) {
      outcome.faults.push({
        input,
        what: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  };
  for (const text of fc.sample(arbitraryText, { seed, numRuns: size })) attempt(text, () => fromText(text));
  for (const json of fc.sample(arbitraryJson, { seed, numRuns: size })) {
    attempt(JSON.stringify(json), () => fromJson(json));
  }
  return outcome;
}

parentPort?.on("message", (batch: Batch) => parentPort?.postMessage(run(batch)));

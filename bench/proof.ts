/**
 * What it costs to prove that the chains do what the flows say, as at each apply: `node bench/proof.ts [flows ...]`
 *
 * Milliseconds of the processor, both families together. "cold": a config that nobody has read yet.
 * "edit": one flow is another one, and the program before was proven.
 */
import { type ProgramText, Proofs, proveProgram } from "@flowmgr/flow-analysis/program";
import {
  assignMarks,
  type CompileOptions,
  compile,
  type Marks,
  type Program,
  renderPieces,
} from "@flowmgr/flow-compiler";
import type { Config } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { machine } from "./machine.ts";
import { classBenchLike } from "./rule-sets.ts";

const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xffff_0000,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

function measure<Result>(
  columns: readonly (string | number)[],
  work: () => Result,
  of: (result: Result) => string | number,
): Result {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const all = [...columns, ((user + system) / 1000).toFixed(0), of(result)];
  console.log(all.map((column, at) => String(column).padEnd([16, 8, 16, 8][at] ?? 0)).join(" "));
  return result;
}

type Made = { program: Program; texts: ProgramText[] };

function made(set: string, size: number, what: string, config: Config, known: Marks): Made {
  const assigned = assignMarks(config, known, OPTIONS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const { marks } = assigned;
  const { markMask } = OPTIONS;
  const program = measure(
    [set, size, `compile${what}`],
    () => compile(config, marks, OPTIONS),
    () => "",
  );
  const texts = measure(
    [set, size, `render${what}`],
    () => [
      { family: 4 as const, text: renderPieces(program, "ip"), marks, markMask },
      { family: 6 as const, text: renderPieces(program, "ip6"), marks, markMask },
    ],
    () => "",
  );
  return { program, texts };
}

function measureProof(set: string, size: number, config: Config): void {
  const { program, texts } = made(set, size, "", config, { directors: {}, tables: {} });
  const unread = structuredClone(config);
  for (const heat of ["cold", "warm", "warm"]) {
    const prove = () => texts.map((text) => proveProgram(unread, text).status).join();
    measure([set, size, `proof, ${heat}`], prove, (status) => status);
  }
  const proofs = new Proofs();
  for (const text of texts) proofs.prove(config, text);
  let last = config;
  for (let round = 0; round < 3; round += 1) {
    const next = withPort(last, (config.items.length >> 1) + 10 * round);
    const edit = made(set, size, ", edit", next, program.marks);
    const prove = () => edit.texts.map((text) => proofs.prove(next, text).status).join();
    measure([set, size, "proof, edit"], prove, (status) => status);
    last = next;
  }
}

/** The rules of one flow are for another port. */
function withPort(config: Config, index: number): Config {
  const dstport = { not: false, values: ["8443"] };
  const proto = { not: false, values: ["tcp"] };
  return {
    ...config,
    items: config.items.map((item, at) => {
      if (at !== index || (item.kind !== "flow" && item.kind !== "outflow")) return item;
      const rules = item.rules.map((rule) => ({
        ...rule,
        conditions: { ...rule.conditions, proto, dstport },
      }));
      return { ...item, rules };
    }),
  };
}

console.log(machine());
const asked = process.argv.slice(2).map(Number);
for (const size of asked.length > 0 ? asked : [10, 100, 1000, 10_000]) {
  measureProof("load balancer", size, manyFlows(size));
  if (size <= 1000) measureProof("access list", size, classBenchLike(size, 1));
}

/**
 * What it costs to prove that the chains do what the flows say, as at each apply: `node bench/proof.ts [flows ...]`
 *
 * Milliseconds of the processor, both families together. "cold": a config that nobody has read yet.
 */
import { proveProgram } from "@flowmgr/flow-analysis/program";
import { assignMarks, type CompileOptions, compile, renderFamily } from "@flowmgr/flow-compiler";
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

function measureProof(set: string, size: number, config: Config): void {
  const assigned = assignMarks(config, { directors: {}, tables: {} }, OPTIONS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const { marks } = assigned;
  const { markMask } = OPTIONS;
  const program = measure(
    [set, size, "compile"],
    () => compile(config, marks, OPTIONS),
    () => "",
  );
  const texts = measure(
    [set, size, "render"],
    () => [
      { family: 4 as const, text: renderFamily(program, "ip"), marks, markMask },
      { family: 6 as const, text: renderFamily(program, "ip6"), marks, markMask },
    ],
    (all) => `${(all.reduce((sum, { text }) => sum + text.length, 0) / 1e6).toFixed(1)} MB`,
  );
  const unread = structuredClone(config);
  for (const heat of ["cold", "warm", "warm"]) {
    const prove = () => texts.map((text) => proveProgram(unread, text).status).join();
    measure([set, size, `proof, ${heat}`], prove, (status) => status);
  }
}

console.log(machine());
const asked = process.argv.slice(2).map(Number);
for (const size of asked.length > 0 ? asked : [10, 100, 1000, 10_000]) {
  measureProof("load balancer", size, manyFlows(size));
  if (size <= 1000) measureProof("access list", size, classBenchLike(size, 1));
}

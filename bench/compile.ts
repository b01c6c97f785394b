/**
 * How compiling grows with the config: `node bench/compile.ts [flows ...]`
 *
 * Milliseconds of the processor, the middle of several runs; both families, a load balancer's flows. "new": nothing of
 * the config was read before. "edited": one of its flows has changed since, as at each apply.
 */
import {
  assignMarks,
  type CompileOptions,
  compile,
  delta,
  type FamilyProgram,
  type FamilyState,
  type Program,
  renderFamily,
} from "@flowmgr/flow-compiler";
import { type Config, flowsOf } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { median } from "./cpu.ts";
import { machine } from "./machine.ts";

const ROUNDS = 5;
const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xffff_0000,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

/** What the kernel says when it holds a program. */
function stateOf({ ip, ip6 }: Program) {
  const family = ({ chains, hooks, ipRules, routes }: FamilyProgram): FamilyState => ({
    chains: chains.map(({ name, rules }) => ({ name, rules: rules.map(({ words }) => words) })),
    hooks: hooks.map(({ chain, words }) => ({ chain, words, place: "only" })),
    ipRules,
    routes,
  });
  return { ip: family(ip), ip6: ip6 && family(ip6) };
}

let edits = 0;

/** The config with another destination port in a flow in the middle; all others are the same objects. */
function edited(config: Config): Config {
  const flows = flowsOf(config);
  const one = flows[flows.length >> 1];
  if (one === undefined) return config;
  edits += 1;
  const dstport = { not: false, values: [String(1000 + edits)] };
  const rules = one.rules.map((rule) => ({ ...rule, conditions: { ...rule.conditions, dstport } }));
  return { ...config, items: config.items.map((item) => (item === one ? { ...one, rules } : item)) };
}

function tell(columns: readonly (string | number)[]): void {
  console.log(
    `| ${columns.map((cell) => (typeof cell === "number" ? cell.toFixed(cell < 10 ? 1 : 0) : cell)).join(" | ")} |`,
  );
}

function measure(size: number): void {
  const config = manyFlows(size);
  const assigned = assignMarks(config, { directors: {}, tables: {} }, OPTIONS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const { marks } = assigned;
  const program = compile(config, marks, OPTIONS);
  const rules = [program.ip, program.ip6].flatMap((family) => family?.chains ?? []);
  const lines = rules.reduce((sum, chain) => sum + chain.rules.length, 0);
  const state = stateOf(program);
  const nothing = stateOf(compile({ items: [], comment: [] }, marks, OPTIONS));
  const after = () => compile(edited(config), marks, OPTIONS);
  tell([
    String(size),
    String(lines),
    median(
      ROUNDS,
      () => structuredClone(config),
      (unknown) => compile(unknown, marks, OPTIONS),
    ),
    // Compiled before each edit, as what is in force was.
    median(
      ROUNDS,
      () => {
        compile({ ...config }, marks, OPTIONS);
        return edited(config);
      },
      (next) => compile(next, marks, OPTIONS),
    ),
    median(
      ROUNDS,
      () => program,
      (one) => [renderFamily(one, "ip"), renderFamily(one, "ip6")],
    ),
    median(
      ROUNDS,
      () => program,
      (one) => delta(nothing, one),
    ),
    median(
      ROUNDS,
      () => program,
      (one) => delta(state, one),
    ),
    median(ROUNDS, after, (one) => delta(state, one)),
  ]);
}

const asked = process.argv.slice(2).map(Number);
console.log(machine());
tell([
  "flows",
  "rules of iptables",
  "compile: new",
  "edited",
  "text",
  "delta: from nothing",
  "from the same",
  "of the edit",
]);
tell(["---", "---", "---", "---", "---", "---", "---", "---"]);
for (const size of asked.length > 0 ? asked : [10, 100, 1000, 10_000]) measure(size);

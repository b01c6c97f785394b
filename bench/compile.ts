/**
 * What compiling costs: `node bench/compile.ts [FLOWS]`. Ten thousand flows of four rules by default.
 *
 * One line a step: the median of several runs, and what it is of the time that parsing the same config takes in the
 * same run; the ratio can be compared between machines, the milliseconds cannot.
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
  type State,
} from "@flowmgr/flow-compiler";
import { parse } from "@flowmgr/flow-model";
import { machine } from "./machine.ts";

const RUNS = 7;
const options: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};

function configText(flows: number): string {
  const rules = (i: number) => {
    const address = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
    const ports = [22, 80, 443].map((port) => `  match proto tcp dst ${address} dstport ${port}\n`);
    return `  ignore not src 192.168.0.0/16\n${ports.join("")}`;
  };
  const policies = ["permit", "deny", "director web", "table 100"];
  return Array.from({ length: flows }, (_, i) => `flow f${i} ${policies[i % 4]}\n${rules(i)}`).join("\n");
}

function familyState({ chains, hooks, ipRules, routes }: FamilyProgram): FamilyState {
  return {
    chains: chains.map(({ name, rules }) => ({ name, rules: rules.map(({ words }) => words) })),
    hooks: hooks.map(({ chain, words }) => ({ chain, words, place: "only" })),
    ipRules,
    routes,
  };
}

const stateOf = ({ ip, ip6 }: Program): State => ({ ip: familyState(ip), ip6: ip6 && familyState(ip6) });

/** Median milliseconds of a step, and what it gave. */
function timed<T>(step: () => T): { value: T; median: number } {
  const times: number[] = [];
  let value = step();
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    value = step();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { value, median: times[Math.floor(RUNS / 2)] ?? 0 };
}

const flows = Number(process.argv[2] ?? 10_000);
const text = configText(flows);
const parsed = timed(() => parse(text).config);
const changed = parse(text.replace("dstport 443", "dstport 8443")).config;

function report(what: string, median: number): void {
  console.log(
    `${what.padEnd(34)} ${median.toFixed(1).padStart(8)} ms  ${(median / parsed.median).toFixed(2).padStart(6)} x parse`,
  );
}

console.log(machine());
console.log(`${flows} flows, ${(text.length / 1e6).toFixed(1)} MB`);
report("parse", parsed.median);
const assigned = assignMarks(parsed.value, { directors: {}, tables: {} }, options);
if ("error" in assigned) throw new Error(assigned.error.message);
const { marks } = assigned;
const compiled = timed(() => compile(parsed.value, marks, options));
report("compile", compiled.median);
report("render ip", timed(() => renderFamily(compiled.value, "ip")).median);
const empty = stateOf(compile(parse("").config, marks, options));
const full = stateOf(compiled.value);
report("delta from nothing", timed(() => delta(empty, compiled.value)).median);
report("delta from the same", timed(() => delta(full, compiled.value)).median);
const next = compile(changed, marks, options);
report("delta of one changed rule", timed(() => delta(full, next)).median);

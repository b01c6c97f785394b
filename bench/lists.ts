/**
 * What a list of 100 000 networks costs on its way from text to the verified kernel, as one set (ipset), and what one
 * changed network of it does. `node bench/lists.ts [networks]`
 *
 * Milliseconds of the processor, of this process and of the commands that it waits for; the clock's are beside.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proveProgram } from "@flowmgr/flow-analysis/program";
import { type CompileOptions, compile, renderFamily, renderSets } from "@flowmgr/flow-compiler";
import { check, LARGE_LIST, parse, print } from "@flowmgr/flow-model";
import { openKernel } from "@flowmgr/kernel";
import { makeNamespace } from "@flowmgr/kernel/testing";
import { processors, spent } from "./cpu.ts";
import { machine } from "./machine.ts";

const OPTIONS: CompileOptions = {
  ...{
    ipv6: true,
    markMask: 0xff00,
    loopback: "spare",
    neighbours: "spare",
    jump: "first",
    defragment: "on",
  },
  largeList: LARGE_LIST,
};
const MARKS = { directors: {}, tables: {} };
const COUNT = Number(process.argv[2] ?? 100_000);

const NETWORK = {
  4: (at: number) => `${1 + (at >> 15)}.${(at >> 7) & 255}.${(at & 127) * 2}.0/24`,
  6: (at: number) => `2001:db8:${(at >> 8).toString(16)}:${((at & 255) * 2).toString(16)}::/64`,
};

/** `changed`: how many networks behind the end stand there in place of the first. */
function textOf(family: 4 | 6, changed: number): string {
  const networks = Array.from({ length: COUNT }, (_, at) => NETWORK[family](at + changed)).join("\n");
  return `list blocked {\n${networks}\n}\nflow block deny match src @blocked`;
}

const rows: [what: string, cpu: number, wall?: number][] = [];

function step<Result>(what: string, work: () => Result): Result {
  const { result, ms } = spent(work);
  rows.push([what, ms]);
  return result;
}

async function applied(what: string, work: () => Promise<unknown>): Promise<void> {
  const [begin, used] = [performance.now(), processors()];
  await work();
  rows.push([what, processors() - used, performance.now() - begin]);
}

function inMemory(family: 4 | 6): void {
  const named = (what: string) => `IPv${family}: ${what}`;
  const config = step(named("parse"), () => parse(textOf(family, 0)).config);
  step(named("check"), () => check(config));
  step(named("print"), () => print(config));
  const program = step(named("compile"), () => compile(config, MARKS, OPTIONS));
  const name = family === 4 ? "ip" : "ip6";
  const [text, sets] = [renderFamily(program, name), renderSets(program, name)];
  const proof = step(named("proof"), () =>
    proveProgram(config, { family, text, sets, marks: MARKS, markMask: OPTIONS.markMask }),
  );
  if (proof.status !== "equal") throw new Error(proof.said);
}

async function inKernel(backend: "nft" | "legacy"): Promise<void> {
  const ns = await makeNamespace();
  const dataDir = mkdtempSync(join(tmpdir(), "flowmgr-bench-"));
  try {
    const target = { kind: "namespace", name: ns.name } as const;
    const kernel = await openKernel({ target, backend, ipv6: true, dataDir });
    const [one, other] = [0, 1].map((changed) => compile(parse(textOf(4, changed)).config, MARKS, OPTIONS));
    if (!one || !other) return;
    await applied(`${backend}: apply, from nothing`, () => kernel.apply(one));
    await applied(`${backend}: apply, one network changed`, () => kernel.apply(other));
    await applied(`${backend}: the same again`, () => kernel.apply(other));
  } finally {
    await ns.remove();
    rmSync(dataDir, { recursive: true });
  }
}

console.log(machine("ipset", "iptables"));
inMemory(4);
inMemory(6);
for (const backend of ["nft", "legacy"] as const) await inKernel(backend);
for (const [what, cpu, wall] of rows) {
  const clock = wall === undefined ? "" : `  (by the clock ${wall.toFixed(0)})`;
  console.log(`${what.padEnd(36)}${cpu.toFixed(0).padStart(6)} ms${clock}`);
}

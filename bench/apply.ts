/**
 * What an apply costs beyond the bare restore, side by side in one run: the same programs are loaded by our apply
 * (read, snapshot, restore, read back, compare) and by iptables-restore alone. `node bench/apply.ts [flows ...]`
 *
 * A ratio survives a slow machine, milliseconds do not; both are printed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assignMarks, type CompileOptions, compile, delta, type Program } from "@flowmgr/flow-compiler";
import { parse } from "@flowmgr/flow-model";
import { openKernel } from "@flowmgr/kernel";
import { makeNamespace } from "@flowmgr/kernel/testing";

const OPTIONS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};
const ROUNDS = 5;

function programOf(flows: number, changed: number): Program {
  const text = Array.from({ length: flows }, (_, index) => {
    const dst = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
    const port = index === 0 ? 1000 + changed : 80;
    return `flow f${index} permit match proto tcp dst ${dst} dstport ${port} match proto udp dst ${dst} dstport 53`;
  }).join("\n");
  const { config } = parse(text);
  const assigned = assignMarks(config, { directors: {}, tables: {} }, OPTIONS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, OPTIONS);
}

const median = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Milliseconds of both ways, for a change of one flow among `flows`, and for all of them from nothing. */
async function compare(backend: "nft" | "legacy", flows: number): Promise<void> {
  const [ours, bare] = [await makeNamespace(), await makeNamespace()];
  const dataDir = mkdtempSync(join(tmpdir(), "flowmgr-bench-"));
  try {
    const kernel = await openKernel({
      target: { kind: "namespace", name: ours.name },
      backend,
      ipv6: true,
      dataDir,
    });
    const bareApply = async (from: Program, to: Program) => {
      const state = (family: Program["ip"]) => ({
        chains: family.chains.map(({ name, rules }) => ({ name, rules: rules.map(({ words }) => words) })),
        hooks: family.hooks.map((hook) => ({ ...hook, place: "only" as const })),
        ipRules: family.ipRules,
        routes: family.routes,
      });
      const change = delta({ ip: state(from.ip), ip6: from.ip6 && state(from.ip6) }, to);
      for (const [tool, part] of [
        ["iptables", change.ip],
        ["ip6tables", change.ip6],
      ] as const) {
        if (part?.restore) {
          await bare.must([`${tool}-${backend}-restore`, "-w", "30", "--noflush"], { stdin: part.restore });
        }
      }
    };
    const whole: [number[], number[]] = [[], []];
    const one: [number[], number[]] = [[], []];
    const empty = programOf(0, 0);
    await kernel.apply(empty);
    await bareApply(
      { ip: { chains: [], hooks: [], ipRules: [], routes: [] }, ip6: null, marks: empty.marks },
      {
        ...empty,
        ip6: null,
      },
    );
    const v4 = (program: Program): Program => ({ ...program, ip6: null });
    await kernel.apply(v4(empty));
    for (let round = 1; round <= ROUNDS; round += 1) {
      const [first, second] = [v4(programOf(flows, 0)), v4(programOf(flows, round))];
      whole[0].push(await timed(() => kernel.apply(first)));
      whole[1].push(await timed(() => bareApply(v4(empty), first)));
      one[0].push(await timed(() => kernel.apply(second)));
      one[1].push(await timed(() => bareApply(first, second)));
      await kernel.apply(v4(empty));
      await bareApply(second, v4(empty));
    }
    for (const [what, [mine, theirs]] of [
      ["all flows", whole],
      ["one flow changed", one],
    ] as const) {
      const [a, b] = [median(mine), median(theirs)];
      const times = `${a.toFixed(0)} ms, iptables-restore alone ${b.toFixed(0)} ms`;
      process.stdout.write(
        `${backend}, ${flows} flows, ${what}: apply ${times}, ratio ${(a / b).toFixed(1)}\n`,
      );
    }
  } finally {
    await ours.remove();
    await bare.remove();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

const sizes = process.argv.slice(2).map(Number);
for (const flows of sizes.length > 0 ? sizes : [10, 1000, 10_000]) {
  for (const backend of ["nft", "legacy"] as const) await compare(backend, flows);
}

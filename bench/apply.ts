/**
 * What an apply costs beyond the bare restore, side by side in one run: the same programs are loaded by our apply
 * (read, snapshot, restore, read back, compare) and by iptables-restore alone; and what the trial before an apply costs.
 * `node bench/apply.ts [flows ...]`
 *
 * Milliseconds of the processors, ours and those of the commands, since a machine that others use tells nothing by the
 * clock; that is printed beside. A ratio survives a slow machine too.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  assignMarks,
  type CompileOptions,
  compile,
  delta,
  type Program,
  type State,
} from "@flowmgr/flow-compiler";
import { parse } from "@flowmgr/flow-model";
import { openKernel } from "@flowmgr/kernel";
import { makeNamespace, type TestNamespace } from "@flowmgr/kernel/testing";
import { processors } from "./cpu.ts";
import { machine } from "./machine.ts";

const OPTIONS: CompileOptions = {
  ipv6: false,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "on",
};
/** Ten thousand flows take iptables-nft-restore seconds. */
const roundsFor = (flows: number) => (flows > 2000 ? 2 : 5);

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

type Cost = { cpu: number; wall: number };

/** Of all values by themselves: the one in the middle, the lower of two. */
function median(costs: readonly Cost[]): Cost {
  const middle = (of: keyof Cost) =>
    costs.map((cost) => cost[of]).sort((a, b) => a - b)[Math.ceil(costs.length / 2) - 1] ?? Number.NaN;
  return { cpu: middle("cpu"), wall: middle("wall") };
}

async function cost(work: () => Promise<unknown>): Promise<Cost> {
  const [begin, used] = [performance.now(), processors()];
  await work();
  return { cpu: processors() - used, wall: performance.now() - begin };
}

const EMPTY = programOf(0, 0);
const NOTHING = { chains: [], hooks: [], ipRules: [], routes: [] };

function stateOf({ ip: { chains, hooks, ipRules, routes } }: Program): State {
  return {
    ip: {
      chains: chains.map(({ name, rules }) => ({ name, rules: rules.map(({ words }) => words) })),
      hooks: hooks.map((hook) => ({ ...hook, place: "only" as const })),
      ipRules,
      routes,
    },
    ip6: null,
  };
}

/** Only the restore, whose text is there already. */
async function bareApply({ ns, tool }: Bare, from: State, to: Program): Promise<Cost> {
  const { restore } = delta(from, to).ip;
  return cost(() => ns.must([tool, "-w", "30", "--noflush"], { stdin: restore }));
}

type Bare = { ns: TestNamespace; tool: string };
type Pair = { ours: Cost[]; bare: Cost[] };

/** Both ways, for a change of one flow among `flows`, and for all of them from nothing. */
async function compare(backend: "nft" | "legacy", flows: number): Promise<void> {
  const [ours, other] = [await makeNamespace(), await makeNamespace()];
  const dataDir = mkdtempSync(join(tmpdir(), "flowmgr-bench-"));
  const bare: Bare = { ns: other, tool: `iptables-${backend}-restore` };
  try {
    const target = { kind: "namespace", name: ours.name } as const;
    const kernel = await openKernel({ target, backend, ipv6: false, dataDir });
    const whole: Pair = { ours: [], bare: [] };
    const one: Pair = { ours: [], bare: [] };
    const trial: Pair = { ours: [], bare: [] };
    await kernel.apply(EMPTY);
    await bareApply(bare, { ip: NOTHING, ip6: null }, EMPTY);
    for (let round = 1; round <= roundsFor(flows); round += 1) {
      const [first, second] = [programOf(flows, 0), programOf(flows, round)];
      whole.ours.push(await cost(() => kernel.apply(first)));
      const loaded = await bareApply(bare, stateOf(EMPTY), first);
      whole.bare.push(loaded);
      trial.ours.push(await cost(() => kernel.check(second)));
      trial.bare.push(loaded);
      one.ours.push(await cost(() => kernel.apply(second)));
      one.bare.push(await bareApply(bare, stateOf(first), second));
      await kernel.apply(EMPTY);
      await bareApply(bare, stateOf(second), EMPTY);
    }
    tell(`${backend}, ${flows} flows, all of them`, whole);
    tell(`${backend}, ${flows} flows, one changed`, one);
    tell(`${backend}, ${flows} flows, one changed, trial, beside a restore of all`, trial);
  } finally {
    await ours.remove();
    await other.remove();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function tell(what: string, pair: Pair): void {
  const [ours, bare] = [median(pair.ours), median(pair.bare)];
  const words = ({ cpu, wall }: Cost) => `${cpu.toFixed(0)} ms of CPU (${wall.toFixed(0)} by the clock)`;
  const ratio = (ours.cpu / bare.cpu).toFixed(ours.cpu < bare.cpu ? 3 : 1);
  process.stdout.write(
    `${what}: ours ${words(ours)}, iptables-restore alone ${words(bare)}, ratio ${ratio}\n`,
  );
}

console.log(machine("iptables", "ipset"));
const sizes = process.argv.slice(2).map(Number);
for (const flows of sizes.length > 0 ? sizes : [10, 1000, 10_000]) {
  for (const backend of ["nft", "legacy"] as const) await compare(backend, flows);
}

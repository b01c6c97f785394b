/**
 * The kernel against the meaning: random configs, real packets from the borders of what they speak of, and each rule
 * must have counted the packets whose visit it ended according to `trace`, no more and no fewer.
 * `FLOWMGR_SEED=number` repeats a run, `FLOWMGR_RUNS=number` makes it longer.
 */

import { trace } from "@flowmgr/flow-analysis";
import { assignMarks, type CompileOptions, compile, type Program } from "@flowmgr/flow-compiler";
import { type Config, type Packet, print } from "@flowmgr/flow-model";
import { arbitraryConfig, arbitraryPacket } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BACKENDS, type Lab, makeLab, OPTIONS } from "./lab.ts";

/** The same walk at each `npm test`; others by FLOWMGR_SEED and, for longer, FLOWMGR_RUNS. */
const SEED = Number(process.env.FLOWMGR_SEED ?? 487_954_724);
const RUNS = Number(process.env.FLOWMGR_RUNS ?? 12);
const PACKETS = 400;
/** Packets that must meet a rule for a config to be worth a run. */
const MET = 20;

type Tally = { [rule: string]: number };

/** One config in force, and what is needed to judge packets by it. */
type Trial = { lab: Lab; config: Config; program: Program; options: CompileOptions; wires: Set<string> };

const key = (flow: string, rule: number | null) =>
  `${flow}: ${rule === null ? "ICMP errors" : `rule ${rule}`}`;

/** What IPv6 drops before any chain of ours: multicast sources, scopes 0 and 1, loopback off `lo` (ip6_rcv_core). */
function reachesMangle({ family, iface, src, dst }: Packet): boolean {
  if (family === 4) return true;
  const isMulticast = (bits: bigint) => bits >> 120n === 0xffn;
  const scope = Number((dst >> 112n) & 0xfn);
  if (isMulticast(src) || (isMulticast(dst) && scope < 2)) return false;
  return iface === "lo" || (src !== 1n && dst !== 1n);
}

function expected({ config, options }: Trial, packets: readonly Packet[]): Tally {
  const tally: Tally = {};
  const tables = new Map(Object.entries(options.tables ?? {}));
  const { loopback, neighbours } = options;
  for (const packet of packets) {
    for (const { flow, rule, holds } of trace(config, packet, { loopback, neighbours, tables }).steps) {
      if (holds) tally[key(flow, rule)] = (tally[key(flow, rule)] ?? 0) + 1;
    }
  }
  return tally;
}

async function counted({ lab, program }: Trial): Promise<Map<string, number>> {
  const counts = await lab.kernel.counters(program);
  return new Map(counts.map(({ source, packets }) => [key(source.flow, source.rule), packets]));
}

/** How many packets came to the machine at all, by a rule of others in raw, which is before mangle. */
async function arrived({ ns, iptables, ip6tables }: Lab): Promise<number> {
  let sum = 0;
  for (const tool of [iptables, ip6tables]) {
    const saved = await ns.must([`${tool}-save`, "-c", "-t", "raw"]);
    sum += Number(/^\[(\d+):\d+\] -A PREROUTING/m.exec(saved)?.[1]);
  }
  return sum;
}

async function measured(trial: Trial, packets: readonly Packet[]): Promise<Tally> {
  const { lab, wires } = trial;
  const [before, there] = [await counted(trial), await arrived(lab)];
  for (const iface of new Set(packets.map((packet) => packet.iface))) {
    if (iface !== "lo" && !wires.has(iface)) {
      await lab.ns.wire(iface);
      wires.add(iface);
    }
    await lab.ns.inject(
      iface,
      packets.filter((packet) => packet.iface === iface),
    );
  }
  await expect.poll(() => arrived(lab), { timeout: 20_000 }).toBe(there + packets.length);
  const tally: Tally = {};
  for (const [rule, packetsNow] of await counted(trial)) {
    const count = packetsNow - (before.get(rule) ?? 0);
    if (count > 0) tally[rule] = count;
  }
  return tally;
}

const sorted = (tally: Tally) => Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1));
const differs = (one: Tally, other: Tally) => JSON.stringify(sorted(one)) !== JSON.stringify(sorted(other));

/** One packet on which kernel and meaning differ, found by halves, as a message. */
async function blame(trial: Trial, packets: readonly Packet[]): Promise<string> {
  let suspects = packets;
  while (suspects.length > 1) {
    const half = suspects.slice(0, Math.floor(suspects.length / 2));
    const guilty = differs(expected(trial, half), await measured(trial, half));
    suspects = guilty ? half : suspects.slice(half.length);
  }
  const [packet] = suspects;
  const shown = JSON.stringify(packet, (_, value) =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value,
  );
  const [says, counts] = [expected(trial, suspects), await measured(trial, suspects)];
  return `packet ${shown}\nmeaning ${JSON.stringify(says)}\nkernel ${JSON.stringify(counts)}\n${print(trial.config)}`;
}

/** Nothing is answered and nothing goes out, so that every packet in the namespace is one of ours. */
async function silence({ ns, iptables, ip6tables }: Lab): Promise<void> {
  for (const tool of [iptables, ip6tables]) {
    await ns.must([tool, "-w", "5", "-P", "INPUT", "DROP"]);
    await ns.must([tool, "-w", "5", "-P", "OUTPUT", "DROP"]);
    await ns.must([tool, "-w", "5", "-t", "raw", "-A", "PREROUTING"]);
  }
}

describe.each(BACKENDS)("%s", (backend) => {
  test(`each rule counts what it means, FLOWMGR_SEED=${SEED}`, { timeout: 600_000 }, async () => {
    const lab = await makeLab(backend);
    await silence(lab);
    const wires = new Set<string>();
    let marks = { directors: {}, tables: {} };
    let run = 0;
    const configs = fc.sample(arbitraryConfig({ comments: false }), { seed: SEED, numRuns: RUNS * 40 });
    for (const [at, config] of configs.entries()) {
      if (run === RUNS) break;
      const options: CompileOptions = {
        ...OPTIONS,
        loopback: run % 2 === 0 ? "spare" : "judge",
        neighbours: run % 4 < 2 ? "spare" : "judge",
        tables: { office: 100 },
      };
      const assigned = assignMarks(config, marks, options);
      if ("error" in assigned) throw new Error(assigned.error.message);
      marks = assigned.marks;
      const trial: Trial = { lab, config, program: compile(config, marks, options), options, wires };
      const packets = fc
        .sample(arbitraryPacket(config), { seed: SEED + at, numRuns: PACKETS })
        .filter(reachesMangle);
      const says = expected(trial, packets);
      // A config whose rules hardly any packet meets would prove nothing: the next one, then.
      if (Object.values(says).reduce((sum, count) => sum + count, 0) < MET) continue;
      await lab.kernel.apply(trial.program);
      if (differs(says, await measured(trial, packets))) throw new Error(await blame(trial, packets));
      run += 1;
    }
    expect(run).toBe(RUNS);
  });
});

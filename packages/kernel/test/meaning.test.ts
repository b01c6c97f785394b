/**
 * The kernel against the meaning: random configs of the whole language, real packets from the borders of what they
 * speak of (coming in and sent, whole and in fragments), and each rule must have counted the packets whose visit it
 * ended according to `trace`, no more and no fewer.
 * `FLOWMGR_SEED=number` repeats a run; `FLOWMGR_RUNS=number` of configs and `FLOWMGR_PACKETS=number` of packets, the
 * least in each back end, make it longer.
 */
import {
  assignMarks,
  type CompileOptions,
  compile,
  type Marks,
  OWN_CHAINS,
  type Program,
} from "@flowmgr/flow-compiler";
import type { Config, Packet } from "@flowmgr/flow-model";
import { arbitraryConfig, arbitraryPacket, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstState } from "../src/index.ts";
import { BACKENDS, makeLab, OPTIONS } from "./lab.ts";
import { blame, differs, expected, measured, type Sent, silence, type Trial } from "./trial.ts";

/** The same walk at each `npm test`; others by FLOWMGR_SEED and, for longer, FLOWMGR_RUNS and FLOWMGR_PACKETS. */
const SEED = Number(process.env.FLOWMGR_SEED ?? 487_954_724);
const RUNS = Number(process.env.FLOWMGR_RUNS ?? 12);
const LEAST = Number(process.env.FLOWMGR_PACKETS ?? 0);
/** For each config. */
const PACKETS = 500;
/** Packets that must meet a rule for a config to be worth a run. */
const MET = 20;

/** What IPv6 drops before any chain of ours: multicast sources, scopes 0 and 1, loopback off `lo` (ip6_rcv_core). */
function reachesMangle({ direction, family, iface, src, dst }: Packet): boolean {
  // What is sent to 0.0.0.0 leaves by lo, whatever it was meant for.
  if (direction === "out") return family === 6 || dst !== 0n;
  if (family === 4) return true;
  const isMulticast = (bits: bigint) => bits >> 120n === 0xffn;
  const scope = Number((dst >> 112n) & 0xfn);
  if (isMulticast(src) || (isMulticast(dst) && scope < 2)) return false;
  return iface === "lo" || (src !== 1n && dst !== 1n);
}

/** Packets for a config: every fourth untracked, and in fragments where the program puts them together. */
function packetsFor({ config, program }: Trial, seed: number): Sent[] {
  const putsTogether = (family: Program["ip"] | null) =>
    family?.chains.some(({ name }) => name === OWN_CHAINS.defragment) ?? false;
  const fragments = { 4: putsTogether(program.ip), 6: putsTogether(program.ip6) };
  const packets = fc.sample(arbitraryPacket(config), { seed, numRuns: PACKETS });
  return packets.filter(reachesMangle).flatMap((packet, at) => {
    const state = at % 4 === 3 ? "untracked" : firstState(packet);
    return state === null ? [] : { ...packet, state, fragmented: fragments[packet.family] && at % 3 === 0 };
  });
}

/** Configs of the walk without end; of eight, the last is a big one, whose packets pass more than a hundred flows. */
function* walk(): Generator<{ config: Config; seed: number }> {
  for (let part = 0, at = 0; ; part += 1) {
    const drawn = fc.sample(arbitraryConfig({ comments: false }), { seed: SEED + part, numRuns: 200 });
    for (const config of drawn) {
      at += 1;
      yield { config: at % 8 === 0 ? manyFlows(100 + at) : config, seed: SEED + at };
    }
  }
}

/** A config in force, with the interfaces of its lab; null when hardly any of its packets would meet a rule. */
async function nextTrial(
  { lab, wires, marks }: Pick<Trial, "lab" | "wires"> & { marks: Marks },
  { config, seed }: { config: Config; seed: number },
  run: number,
): Promise<{ trial: Trial; packets: Sent[]; marks: Marks } | null> {
  const options: CompileOptions = {
    ...OPTIONS,
    loopback: run % 2 === 0 ? "spare" : "judge",
    neighbours: run % 4 < 2 ? "spare" : "judge",
    tables: { office: 100 },
    ...(run % 3 !== 0 && { largeList: 1 }),
  };
  const assigned = assignMarks(config, marks, options);
  if ("error" in assigned) throw new Error(assigned.error.message);
  const trial = { lab, config, program: compile(config, assigned.marks, options), options, wires };
  const packets = packetsFor(trial, seed);
  const met = Object.values(expected(trial, packets)).reduce((sum, count) => sum + count, 0);
  if (met < MET) return null;
  await lab.kernel.apply(trial.program);
  return { trial, packets, marks: assigned.marks };
}

describe.each(BACKENDS)("%s", (backend) => {
  test(`each rule counts what it means, FLOWMGR_SEED=${SEED}`, {
    timeout: 60_000 + RUNS * 10_000 + LEAST * 10,
  }, async () => {
    const lab = await makeLab(backend);
    await silence(lab);
    const wires = new Set<string>();
    const seen = new Set<string>();
    let marks: Marks = { directors: {}, tables: {} };
    let [run, count, rules] = [0, 0, 0];
    for (const drawn of walk()) {
      if (run >= RUNS && count >= LEAST) break;
      const next = await nextTrial({ lab, wires, marks }, drawn, run);
      if (next === null) continue;
      const { trial, packets } = next;
      const { tally, sent } = await measured(trial, packets);
      if (differs(expected(trial, sent), tally)) throw new Error(await blame(trial, packets));
      for (const { direction, family, fragmented } of sent) {
        seen.add(`${direction} IPv${family}${fragmented ? " in fragments" : ""}`);
      }
      marks = next.marks;
      run += 1;
      count += sent.length;
      rules += Object.keys(tally).length;
    }
    console.info(
      `${backend}: ${run} configs, ${count} packets, ${rules} rules that counted, each as it means`,
    );
    expect(count).toBeGreaterThanOrEqual(LEAST);
    expect([...seen].sort()).toEqual([
      ...["in IPv4", "in IPv4 in fragments", "in IPv6", "in IPv6 in fragments"],
      ...["out IPv4", "out IPv4 in fragments", "out IPv6", "out IPv6 in fragments"],
    ]);
  });
});

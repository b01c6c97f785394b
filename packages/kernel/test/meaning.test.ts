/**
 * The kernel against the meaning: random configs of the whole language, real packets from the borders of what they
 * speak of (coming in and sent, whole and in fragments), and each rule must have counted the packets whose visit it
 * ended according to `trace`, no more and no fewer.
 * `FLOWMGR_SEED=number` repeats a run, `FLOWMGR_RUNS=number` makes it longer.
 */
import { assignMarks, type CompileOptions, compile, OWN_CHAINS, type Program } from "@flowmgr/flow-compiler";
import type { Packet } from "@flowmgr/flow-model";
import { arbitraryConfig, arbitraryPacket } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstState } from "../src/index.ts";
import { BACKENDS, makeLab, OPTIONS } from "./lab.ts";
import { blame, differs, expected, measured, type Sent, silence, type Trial } from "./trial.ts";

/** The same walk at each `npm test`; others by FLOWMGR_SEED and, for longer, FLOWMGR_RUNS. */
const SEED = Number(process.env.FLOWMGR_SEED ?? 487_954_724);
const RUNS = Number(process.env.FLOWMGR_RUNS ?? 16);
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

describe.each(BACKENDS)("%s", (backend) => {
  test(`each rule counts what it means, FLOWMGR_SEED=${SEED}`, { timeout: 900_000 }, async () => {
    const lab = await makeLab(backend);
    await silence(lab);
    const wires = new Set<string>();
    const seen = new Set<string>();
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
      const packets = packetsFor(trial, SEED + at);
      // A config whose rules hardly any packet meets would prove nothing: the next one, then.
      const met = Object.values(expected(trial, packets)).reduce((sum, count) => sum + count, 0);
      if (met < MET) continue;
      await lab.kernel.apply(trial.program);
      const { tally, sent } = await measured(trial, packets);
      if (differs(expected(trial, sent), tally)) throw new Error(await blame(trial, packets));
      for (const { direction, family, fragmented } of sent) {
        seen.add(`${direction} IPv${family}${fragmented ? " in fragments" : ""}`);
      }
      run += 1;
    }
    expect(run).toBe(RUNS);
    expect([...seen].sort()).toEqual([
      ...["in IPv4", "in IPv4 in fragments", "in IPv6", "in IPv6 in fragments"],
      ...["out IPv4", "out IPv4 in fragments", "out IPv6", "out IPv6 in fragments"],
    ]);
  });
});

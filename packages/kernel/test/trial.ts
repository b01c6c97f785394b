/** One config in force in a namespace, random packets, and whether each rule counts what it means. */
import { trace, tracer } from "@flowmgr/flow-analysis";
import type { CompileOptions, Program } from "@flowmgr/flow-compiler";
import { type Config, flowsOf, type Packet, print, printPacket } from "@flowmgr/flow-model";
import { expect } from "vitest";
import { SENT_MARK, UNTRACKED_DSCP } from "../src/testing.ts";
import type { Lab } from "./lab.ts";

/** A packet, and whether it comes in two fragments. */
export type Sent = Packet & { fragmented: boolean };

export type Trial = {
  lab: Lab;
  config: Config;
  program: Program;
  options: CompileOptions;
  /** Interfaces that are there; shared by the trials of a lab. */
  wires: Set<string>;
};

export type Tally = { [rule: string]: number };

/**
 * What the meaning says that each rule counts: who decides by the index of the analysis, and those that ended a visit
 * before by `trace`. Throws where the two differ on who decides.
 */
export function expected({ config, options }: Trial, packets: readonly Sent[]): Tally {
  const tally: Tally = {};
  const { loopback, neighbours } = options;
  const meaning = { loopback, neighbours, tables: new Map(Object.entries(options.tables ?? {})) };
  const indexed = tracer(config, meaning);
  const count = (flow: string, rule: number | null) => {
    tally[key(flow, rule)] = (tally[key(flow, rule)] ?? 0) + 1;
  };
  for (const packet of packets) {
    const { flow, rule, verdict } = indexed.decide(packet);
    const { steps, ...walked } = trace(config, packet, meaning);
    if (walked.flow !== flow || walked.rule !== rule) {
      throw new Error(`${printPacket(packet)}: ${flow} ${rule}, and ${walked.flow} ${walked.rule} by trace`);
    }
    if (flow !== null) count(flow, rule);
    const ends = steps.filter(({ holds }) => holds);
    const before = verdict.action === "undecided" ? ends : ends.slice(0, -1);
    for (const end of before) count(end.flow, end.rule);
  }
  return exact(config, tally);
}

/** Flows in a row, which all packets pass; of more, a packet meets those that may decide it (`dispatch.ts`). */
const ROW = 32;

/** Where flows are many, a packet that a flow could only ignore need not come to it, so nobody counts these exactly. */
function exact(config: Config, tally: Tally): Tally {
  if (flowsOf(config).length <= ROW) return tally;
  const ignoring = flowsOf(config).flatMap(({ name, rules }) =>
    rules.flatMap(({ verb }, at) => (verb === "ignore" ? [key(name, at + 1)] : [])),
  );
  return Object.fromEntries(Object.entries(tally).filter(([name]) => !ignoring.includes(name)));
}

const key = (flow: string, rule: number | null) =>
  `${flow}: ${rule === null ? "ICMP errors" : `rule ${rule}`}`;

/**
 * Nothing is answered, nothing goes out, and nothing but what the tests send reaches a flow. Rules of others in raw,
 * which is before mangle, count what comes by, and keep packets of one traffic class from conntrack.
 */
export async function silence({ ns, iptables, ip6tables }: Lab): Promise<void> {
  const untracked = ["-m", "dscp", "--dscp", String(UNTRACKED_DSCP), "-j", "CT", "--notrack"];
  for (const tool of [iptables, ip6tables]) {
    const add = (...words: string[]) => ns.must([tool, "-w", "5", ...words]);
    await add("-P", "INPUT", "DROP");
    await add("-P", "OUTPUT", "DROP");
    await add(
      "-t",
      "raw",
      "-A",
      "OUTPUT",
      "-m",
      "mark",
      "!",
      "--mark",
      `${SENT_MARK}/${SENT_MARK}`,
      "-j",
      "DROP",
    );
    for (const chain of ["PREROUTING", "OUTPUT"]) {
      await add("-t", "raw", "-A", chain);
      await add("-t", "raw", "-A", chain, ...untracked);
    }
  }
}

/** How many packets came by at all. */
async function arrived({ ns, iptables, ip6tables }: Lab): Promise<number> {
  let sum = 0;
  for (const tool of [iptables, ip6tables]) {
    const saved = await ns.must([`${tool}-save`, "-c", "-t", "raw"]);
    for (const [, count] of saved.matchAll(/^\[(\d+):\d+\] -A (?:PREROUTING|OUTPUT)$/gm))
      sum += Number(count);
  }
  return sum;
}

async function counted({ lab, program }: Trial): Promise<Map<string, number>> {
  const counts = await lab.kernel.counters(program);
  return new Map(counts.map(({ source, packets }) => [key(source.flow, source.rule), packets]));
}

/** Sends the packets, as far as the kernel lets them be sent; what it counts, and of which packets. */
export async function measured(
  trial: Trial,
  packets: readonly Sent[],
): Promise<{ tally: Tally; sent: Sent[] }> {
  const { lab, wires } = trial;
  const [before, there] = [await counted(trial), await arrived(lab)];
  const sent: Sent[] = [];
  for (const iface of new Set(packets.map((packet) => packet.iface))) {
    await ensureInterface(lab, iface, wires);
    const mine = packets.filter((packet) => packet.iface === iface);
    const coming = mine.filter(({ direction }) => direction === "in");
    await lab.ns.inject(iface, coming);
    const leaving = mine.filter(({ direction }) => direction === "out");
    sent.push(...coming, ...(leaving.length > 0 ? await lab.ns.send(iface, leaving) : []));
  }
  await expect.poll(() => arrived(lab), { timeout: 20_000 }).toBe(there + sent.length);
  const tally: Tally = {};
  for (const [rule, packetsNow] of await counted(trial)) {
    const count = packetsNow - (before.get(rule) ?? 0);
    if (count > 0) tally[rule] = count;
  }
  return { tally: exact(trial.config, tally), sent };
}

/** IPv6 sends nothing by an interface to which no route leads. */
async function ensureInterface({ ns }: Lab, iface: string, wires: Set<string>): Promise<void> {
  if (wires.has(iface)) return;
  if (iface !== "lo") await ns.wire(iface);
  for (const [to, table] of [
    ["::/0", "main"],
    ["ff00::/8", "local"],
  ] as const) {
    await ns.must(["ip", "-6", "route", "append", to, "dev", iface, "table", table, "metric", "9000"]);
  }
  wires.add(iface);
}

const sorted = (tally: Tally) => Object.entries(tally).sort(([a], [b]) => (a < b ? -1 : 1));

export function differs(one: Tally, other: Tally): boolean {
  return JSON.stringify(sorted(one)) !== JSON.stringify(sorted(other));
}

/** One packet on which kernel and meaning differ, found by halves, as a message. */
export async function blame(trial: Trial, packets: readonly Sent[]): Promise<string> {
  const isGuilty = async (some: readonly Sent[]) => {
    const { tally, sent } = await measured(trial, some);
    return differs(expected(trial, sent), tally);
  };
  let suspects = packets;
  while (suspects.length > 1) {
    const half = suspects.slice(0, Math.floor(suspects.length / 2));
    suspects = (await isGuilty(half)) ? half : suspects.slice(half.length);
  }
  const [packet] = suspects;
  const shown = JSON.stringify(packet, (_, value) =>
    typeof value === "bigint" ? `0x${value.toString(16)}` : value,
  );
  const [says, counts] = [expected(trial, suspects), (await measured(trial, suspects)).tally];
  return `packet ${shown}\nmeaning ${JSON.stringify(says)}\nkernel ${JSON.stringify(counts)}\n${print(trial.config)}`;
}

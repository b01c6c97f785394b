/**
 * Counters under traffic: a rule that stays as it is loses no packet, whatever is done to the rules and flows around
 * it, and wherever the process is killed that does it.
 *
 * A sender at full speed sends packets for one rule, of both families, while applies change its chain, move it in its
 * flow, move its flow, and lead its packets through a chain below. What the rule has counted in the end, together with
 * what was told to be booked, is the number of packets sent. `FLOWMGR_EDITS=1000` makes it longer.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CountedLine } from "../src/index.ts";
import { run } from "../src/run.ts";
import { type FramePacket, KILL_SERVER } from "../src/testing.ts";
import { BACKENDS, everything, type Lab, makeLab, program, scratch, wrappers } from "./lab.ts";

/** Applies, of each back end; both families change in each of them. */
const EDITS = Number(process.env.FLOWMGR_EDITS ?? 6);

const KEPT = "match proto udp dstport 1002";

/** The rule first and last, changed and moved rules beside it, its flow and others moved, named anew, gone. */
const TEXTS = [
  `flow x permit ${KEPT} match proto udp dstport 2001 flow beside deny match proto tcp`,
  `flow x permit match proto udp dstport 2002 ${KEPT} flow beside deny match proto tcp`,
  `flow other deny match proto tcp flow x permit match proto udp dstport 2002 ${KEPT}`,
  // Its packets are counted in a chain below, which the next text takes away again.
  `flow x permit match not iface { eth0, wg+ } dstport 2003 ${KEPT} flow other deny match proto tcp`,
  `flow x permit ${KEPT} flow y permit match proto udp dstport 2004`,
  `flow x table 77 ignore proto udp dstport 2005 ${KEPT}`,
];

const PROGRAMS = TEXTS.map((text) => program(text, {}, { directors: {}, tables: { 77: 1 } }));
const programAt = (at: number) => {
  const found = PROGRAMS[at % PROGRAMS.length];
  if (found === undefined) throw new Error("no programs");
  return found;
};

const PACKETS: FramePacket[] = [
  { family: 4, proto: 17, src: 0x0a00_000bn, dst: 0x0a00_0001n, srcport: 4000, dstport: 1002 },
  {
    family: 6,
    proto: 17,
    src: (0xfd00n << 112n) | 11n,
    dst: (0xfd00n << 112n) | 1n,
    srcport: 4000,
    dstport: 1002,
  },
];

/** Told more than once of a batch, it has it once; on disk, so that a killed process has told what it was told. */
function books() {
  const file = join(scratch(), "books");
  const book = (lines: CountedLine[]) => appendFileSync(file, `${JSON.stringify(lines)}\n`);
  const total = (inForce: readonly CountedLine[]) => {
    const told: CountedLine[][] = existsSync(file)
      ? readFileSync(file, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      : [];
    const batches = new Map<string, number>();
    for (const lines of told) {
      for (const batch of new Set(lines.flatMap(({ retired }) => retired ?? []))) {
        batches.set(batch, packetsOf(lines.filter(({ retired }) => retired === batch)));
      }
    }
    return [...batches.values()].reduce((sum, each) => sum + each, 0) + packetsOf(inForce);
  };
  return { file, book, total };
}

function packetsOf(lines: readonly CountedLine[]): number {
  const kept = lines.filter(({ words }) => words.endsWith("--dport 1002 -j ACCEPT"));
  return kept.reduce((sum, { packets }) => sum + packets, 0);
}

/** A lab under traffic; `stop` ends it and gives how many packets were sent. */
async function underTraffic(lab: Lab): Promise<() => Promise<number>> {
  await lab.ns.wire("eth0", ["10.0.0.1/24", "fd00::1/64"]);
  await lab.kernel.apply(programAt(0));
  const stop = lab.ns.stream("eth0", PACKETS);
  onTestFinished(async () => void (await stop()));
  const came = async () => (await lab.kernel.counters(programAt(0))).some(({ packets }) => packets > 1000);
  await expect.poll(came, { timeout: 30_000 }).toBe(true);
  return async () => (await stop()).packets;
}

const KILL = `${KILL_SERVER}; exit 1`;

describe.each(BACKENDS)("%s", (backend) => {
  test(`${EDITS} edits lose no packet of a rule that did not change`, {
    timeout: 60_000 + EDITS * 10_000,
  }, async () => {
    const lab = await makeLab(backend);
    const { book, total } = books();
    const stop = await underTraffic(lab);
    for (let at = 1; at <= EDITS; at += 1) await lab.kernel.apply(programAt(at), { book });
    const sent = await stop();
    expect(await lab.kernel.apply(programAt(EDITS), { book })).toMatchObject({ changed: false });
    const { lines } = await lab.kernel.read();
    console.log(`${backend}: ${EDITS} edits under ${sent} packets`);
    expect(total(lines) - sent).toBe(0);
    // Nothing is left of what was retired.
    const fresh = await makeLab(backend);
    await fresh.kernel.apply(programAt(EDITS));
    for (const tool of [lab.iptables, lab.ip6tables]) {
      const rules = async ({ ns }: Lab) => (await ns.must([tool, "-t", "mangle", "-S"])).split("\n").sort();
      expect(await rules(lab)).toEqual(await rules(fresh));
    }
  });

  test("nor does SIGKILL between any two steps", { timeout: 120_000 }, async () => {
    const lab = await makeLab(backend);
    const { file: bookFile, book, total } = books();
    const programFile = join(lab.dataDir, "program.json");
    const calls = join(lab.dataDir, "calls");
    const tools = wrappers();
    const child = join(import.meta.dirname, "counters-child.ts");
    const stop = await underTraffic(lab);
    // Each family switches by its first restore and sweeps by its second.
    const boundaries = [lab.iptables, lab.ip6tables].flatMap((tool) => [
      { tool: `${tool}-restore`, call: 1 },
      { tool: `${tool}-restore`, call: 2 },
    ]);
    for (const [at, { tool, call }] of boundaries.entries()) {
      writeFileSync(calls, "");
      const isCall = `echo x >> ${calls}; if [ $(wc -l < ${calls}) = ${call} ]`;
      tools.wrap(tool, `${isCall}; then /usr/sbin/${tool} "$@"; ${KILL}; fi`);
      writeFileSync(programFile, JSON.stringify(programAt(2 * at + 1)));
      const argv = [process.execPath, child, lab.ns.name, backend, lab.dataDir, programFile, bookFile];
      expect((await run(argv)).failure).toBe("killed");
      tools.wrap(tool, "");
      // The next process finds the rules of that apply wanted, or others.
      const next = programAt(2 * at + (at % 2) + 1);
      await (await lab.reopen()).apply(next, { book });
    }
    const sent = await stop();
    const last = programAt(2 * boundaries.length);
    const { lines } = await lab.kernel.apply(last, { book });
    expect(total(lines) - sent).toBe(0);
    const fresh = await makeLab(backend);
    await fresh.ns.wire("eth0", ["10.0.0.1/24", "fd00::1/64"]);
    await fresh.kernel.apply(last);
    expect(await everything(lab)).toBe(await everything(fresh));
  });

  test("a chain that went is known after SIGKILL by its end alone", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program("flow x permit match proto tcp"));
    const { book } = books();
    const tools = wrappers();
    tools.wrap(`${lab.iptables}-restore`, `if grep -q . "${lab.dataDir}/stop"; then exit 1; fi`);
    writeFileSync(join(lab.dataDir, "stop"), "");
    await lab.kernel
      .apply(program(""), {
        book: (lines, switched) => {
          book(lines);
          if (switched) writeFileSync(join(lab.dataDir, "stop"), "x");
        },
      })
      .catch(() => undefined);
    writeFileSync(join(lab.dataDir, "stop"), "");
    writeFileSync(
      join(lab.dataDir, "snapshots", `namespace-${lab.ns.name}`, "chains.json"),
      '{"ip":[],"ip6":[]}',
    );
    await (await lab.reopen()).apply(program(""), { book });
    expect(await lab.ns.must([`${lab.iptables}-save`, "-t", "mangle"])).not.toContain("@");
  });
});

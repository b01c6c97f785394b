/** Datagrams in fragments get one verdict, whole, and the switch that makes it so is known after a restart. */
import { describe, expect, test } from "vitest";
import { openKernel } from "../src/index.ts";
import type { FramePacket } from "../src/testing.ts";
import { BACKENDS, everything, type Lab, makeLab, program, scratch } from "./lab.ts";

const DENY = "flow dns deny match proto udp dstport 53";
const TO_53 = { proto: 17, srcport: 4000, dstport: 53, fragmented: true };
const DATAGRAMS: FramePacket[] = [
  { family: 4, ...TO_53, src: 0xc0a8_000an, dst: 0xc0a8_0001n },
  { family: 6, ...TO_53, src: (0xfd00n << 112n) | 10n, dst: (0xfd00n << 112n) | 1n },
];

/** What a rule of others in a table saw of them, in both families: raw is before our flows, mangle's behind. */
async function seen({ ns, iptables, ip6tables }: Lab, table: "raw" | "mangle"): Promise<number[]> {
  const tools = [iptables, ip6tables];
  const saved = await Promise.all(tools.map((tool) => ns.must([`${tool}-save`, "-c", "-t", table])));
  return saved.map((text) => Number(/^\[(\d+):\d+\] -A PREROUTING -p udp$/m.exec(text)?.[1]));
}

async function makeWitness(lab: Lab): Promise<void> {
  const { ns, iptables, ip6tables } = lab;
  await ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
  for (const tool of [iptables, ip6tables]) {
    for (const table of ["raw", "mangle"]) {
      await ns.must([tool, "-w", "5", "-t", table, "-A", "PREROUTING", "-p", "udp"]);
    }
  }
}

describe.each(BACKENDS)("%s", (backend) => {
  test("a denied port is denied to the tail, and without the switch it would not be", async () => {
    const lab = await makeLab(backend);
    await makeWitness(lab);
    await lab.kernel.apply(program(DENY, { defragment: "off" }));
    await lab.ns.inject("eth0", DATAGRAMS);
    await expect.poll(() => seen(lab, "raw")).toEqual([2, 2]);
    expect(await seen(lab, "mangle")).toEqual([1, 1]);

    const wanted = program(DENY);
    await lab.kernel.apply(wanted);
    await lab.ns.inject("eth0", DATAGRAMS);
    await expect.poll(() => seen(lab, "raw")).toEqual([3, 3]);
    expect(await seen(lab, "mangle")).toEqual([1, 1]);
    // Two first fragments of before, and since then two datagrams.
    expect(await lab.kernel.counters(wanted)).toMatchObject([
      { source: { flow: "dns", rule: 1 }, packets: 4 },
    ]);
  });

  test("the chain that nothing jumps to is ours without any memory, and a foreign one is not", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(DENY));
    expect(await lab.ns.must([`${lab.iptables}-save`])).toContain("-A DEFRAGMENT -m socket");
    const target = { kind: "namespace", name: lab.ns.name } as const;
    const forgetful = await openKernel({ target, backend, ipv6: true, dataDir: scratch() });
    expect((await forgetful.read()).state.ip.chains.map(({ name }) => name)).toContain("DEFRAGMENT");
    await forgetful.apply(program(""));
    expect(await everything(lab)).not.toContain("DEFRAGMENT");

    for (const words of [[], ["-A", "DEFRAGMENT", "-m", "comment", "--comment", "theirs"]]) {
      await lab.ns.must([lab.iptables, "-w", "5", "-t", "mangle", "-N", "DEFRAGMENT"]);
      if (words.length > 0) await lab.ns.must([lab.iptables, "-w", "5", "-t", "mangle", ...words]);
      await expect(forgetful.apply(program(DENY))).rejects.toThrow(
        "chain DEFRAGMENT of iptables -t mangle exists and is not ours",
      );
      await lab.ns.must([lab.iptables, "-w", "5", "-t", "mangle", "-F", "DEFRAGMENT"]);
      await lab.ns.must([lab.iptables, "-w", "5", "-t", "mangle", "-X", "DEFRAGMENT"]);
    }
  });
});

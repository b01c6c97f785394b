/** Datagrams in fragments get one verdict, whole, and the switch that makes it so is known after a restart. */
import { describe, expect, test } from "vitest";
import { openKernel } from "../src/index.ts";
import type { FramePacket } from "../src/testing.ts";
import { type Gateway, makeWays, setting } from "./gateways.ts";
import { BACKENDS, everything, type Lab, makeLab, program, scratch } from "./lab.ts";

const DENY = "flow dns deny match proto udp dstport 53";
const TO_53 = { proto: 17, srcport: 4000, dstport: 53, fragmented: true };
const DATAGRAMS: FramePacket[] = [
  { family: 4, ...TO_53, src: 0xc0a8_000an, dst: 0xc0a8_0001n },
  { family: 6, ...TO_53, src: (0xfd00n << 112n) | 10n, dst: (0xfd00n << 112n) | 1n },
];

/** Flows whose classes overlap in all that a tail shows: only the ports tell them apart. */
const CLASSES = `flow dns permit match proto udp dstport 53
flow mail director d match proto udp dst { 192.168.0.1, fd00::1, 10.1.1.1, fd01::1 } dstport 25
flow rest deny match proto udp`;

const HERE = { 4: 0xc0a8_0001n, 6: (0xfd00n << 112n) | 1n };
/** No addresses of the machine: only all of a datagram that is marked is routed to it. */
const ELSEWHERE = { 4: 0x0a01_0101n, 6: (0xfd01n << 112n) | 1n };
/** 198.51.100.7 and 2001:db8:7::7. */
const ABROAD = { 4: 0xc633_6407n, 6: (0x2001_0db8_0007n << 80n) | 7n };
const FROM = { 4: 0xc0a8_000an, 6: (0xfd00n << 112n) | 10n };

/** A datagram in each family, in fragments of either order. */
function both(to: typeof HERE, dstport: number, srcport: number): FramePacket[] {
  return ([4, 6] as const).flatMap((family) =>
    ([true, "tail first"] as const).map((fragmented, at) => {
      const ports = { srcport: srcport + at, dstport };
      return { family, proto: 17, src: FROM[family], dst: to[family], ...ports, fragmented };
    }),
  );
}

const abroad = (dstport: number) => both(ABROAD, dstport, 4000);

const SORTED = [
  ...both(HERE, 53, 4000),
  ...both(HERE, 25, 4000),
  ...both(ELSEWHERE, 25, 4100),
  ...both(HERE, 99, 4000),
];

/** In the order of what is expected: permitted, marked here and elsewhere, denied. */
const ARRIVALS = [
  "-p udp -m udp --dport 53 -m mark --mark 0x0",
  "-p udp -m udp --sport 4000:4001 --dport 25 -m mark --mark 0x100",
  "-p udp -m udp --sport 4100:4101 --dport 25 -m mark --mark 0x100",
  "-p udp -m udp --dport 99",
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

  test("all of a datagram gets the verdict of its ports, whatever else its parts would meet", async () => {
    const lab = await makeLab(backend);
    const { ns, iptables, ip6tables } = lab;
    await ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
    // What arrives, by port and mark. A tail that came by itself would be in the last line only.
    const lines = [...ARRIVALS, "-p udp"].map((words) => `-A INPUT ${words}\n`);
    for (const tool of [iptables, ip6tables]) {
      await ns.must([`${tool}-restore`, "--noflush"], { stdin: `*filter\n${lines.join("")}COMMIT\n` });
    }
    await lab.kernel.apply(program(CLASSES));
    await ns.inject("eth0", SORTED);
    const arrived = async () => {
      const saved = await Promise.all(
        [iptables, ip6tables].map((tool) => ns.must([`${tool}-save`, "-c", "-t", "filter"])),
      );
      return saved.map((text) =>
        [...text.matchAll(/^\[(\d+):\d+\] -A INPUT/gm)].map((found) => Number(found[1])),
      );
    };
    // Both orders of fragments: two datagrams of each kind, none of what is denied.
    const each = [2, 2, 2, 0, 6];
    await expect.poll(arrived, { timeout: 10_000 }).toEqual([each, each]);
  });

  test("all fragments of a datagram leave by the gateway of its table", async () => {
    const lab = await makeLab(backend);
    const { first, second } = await makeWays(lab);
    await lab.ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
    await setting(lab, "ipv4/ip_forward", 1);
    await setting(lab, "ipv6/conf/all/forwarding", 1);
    const udp = ["-t", "raw", "-A", "PREROUTING", "-p", "udp"];
    for (const gateway of [first, second]) {
      for (const tool of [lab.iptables, lab.ip6tables]) await gateway.must([tool, "-w", "5", ...udp]);
    }
    const fragments = (gateway: Gateway) =>
      Promise.all(
        [lab.iptables, lab.ip6tables].map(async (tool) => {
          const saved = await gateway.must([`${tool}-save`, "-c", "-t", "raw"]);
          return Number(/^\[(\d+):\d+\] -A PREROUTING -p udp$/m.exec(saved)?.[1]);
        }),
      );
    await lab.kernel.apply(program("flow mail table 100 match proto udp dstport 25"));
    await lab.ns.inject("eth0", [...abroad(25), ...abroad(26), ...abroad(26)]);
    await expect.poll(() => fragments(second), { timeout: 10_000 }).toEqual([4, 4]);
    await expect.poll(() => fragments(first), { timeout: 10_000 }).toEqual([8, 8]);
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

/** What is said of the kernel's check of sources is what it does with packets. */
import { expect, test } from "vitest";
import type { Eaten } from "../src/index.ts";
import { type Gateway, makeClient, makeWays, send, setting } from "./gateways.ts";
import { type Lab, makeLab, program } from "./lab.ts";

const SERVER = "198.51.100.7";

/** Forwards port 25 by table 100 to the second gateway, where a server answers with the address that was asked. */
async function makeRound() {
  const lab = await makeLab("nft");
  const ways = await makeWays(lab);
  const client = await makeClient(lab);
  for (const iface of ["all", "in", "first", "second"]) await check(lab, iface, 0, 0);
  await ways.second.must(["ip", "address", "add", `${SERVER}/32`, "dev", "lo"]);
  await ways.second.must(["ip", "route", "add", "default", "via", "10.0.2.1"]);
  await lab.kernel.apply(program("flow mail table 100 match proto udp dstport 25"));
  return { lab, client, ...ways };
}

async function check(lab: Lab, iface: string, filter: number, byMark: number): Promise<void> {
  await setting(lab, `ipv4/conf/${iface}/rp_filter`, filter);
  await setting(lab, `ipv4/conf/${iface}/src_valid_mark`, byMark);
}

/** How many packets the check of sources has dropped: counted apart for those whose source is the machine's own. */
async function dropped({ ns }: Lab): Promise<number> {
  const [names = "", values = ""] = (await ns.must(["grep", "^TcpExt:", "/proc/net/netstat"])).split("\n");
  const filtered = Number(values.split(" ")[names.split(" ").indexOf("IPReversePathFilter")]);
  const [head = "", ...cpus] = (await ns.must(["cat", "/proc/net/stat/rt_cache"])).trim().split("\n");
  const column = head.trim().split(/\s+/).indexOf("in_martian_src");
  return cpus.reduce((sum, cpu) => sum + Number.parseInt(cpu.split(/\s+/)[column] ?? "", 16), filtered);
}

/** Sends, and waits until the packet has come or was dropped; fails when it is not as expected. */
async function fate(
  lab: Lab,
  comes: boolean,
  { arrivals, act }: { arrivals: () => Promise<number>; act: () => Promise<unknown> },
): Promise<void> {
  const before = { arrivals: await arrivals(), dropped: await dropped(lab) };
  await act();
  if (comes) await expect.poll(arrivals, { timeout: 10_000 }).toBe(before.arrivals + 1);
  else await expect.poll(() => dropped(lab), { timeout: 10_000 }).toBeGreaterThan(before.dropped);
  expect(await arrivals()).toBe(before.arrivals + (comes ? 1 : 0));
}

type Round = Awaited<ReturnType<typeof makeRound>>;

const counting = (to: Gateway, what: string) => async () =>
  (await to.arrivals()).filter((one) => one === what).length;

const packets = ({ lab, client, second }: Round, come: boolean) =>
  fate(lab, come, {
    arrivals: counting(second, "4 25"),
    act: () => send(client, SERVER, [25], "10.0.3.2"),
  });
const answers = ({ lab, client, second }: Round, come: boolean) =>
  fate(lab, come, {
    arrivals: counting(client, "4 26"),
    act: () => send(second, "10.0.3.2", [26], SERVER),
  });

const said = async ({ lab }: Round): Promise<Eaten[]> => (await lab.kernel.read()).eaten;

test("what is said to be dropped is dropped, and nothing else", async () => {
  const round = await makeRound();
  const { lab } = round;
  const agrees = async (iface: string, set: string | null) => {
    const found = (await said(round)).map((one) => [one.what, one.table, one.iface, one.set.join(" ")]);
    const what = iface === "in" ? "packets" : "answers";
    expect(found).toEqual(set === null ? [] : [[what, 100, iface, set]]);
    await (iface === "in" ? packets : answers)(round, set === null);
  };
  const loose = (iface: string) => `net.ipv4.conf.${iface}.rp_filter=2`;

  for (const [filter, byMark] of [
    [1, 1],
    [1, 0],
    [2, 1],
    [0, 1],
  ] as const) {
    await check(lab, "in", filter, byMark);
    await agrees("in", filter === 1 && byMark === 1 ? loose("in") : null);
  }
  // The table leads back too, then.
  await check(lab, "in", 1, 1);
  await lab.ns.must(["ip", "route", "add", "10.0.3.0/24", "dev", "in", "table", "100"]);
  await agrees("in", null);
  await lab.ns.must(["ip", "route", "del", "10.0.3.0/24", "dev", "in", "table", "100"]);
  await check(lab, "in", 0, 0);

  for (const [filter, byMark] of [
    [0, 0],
    [1, 0],
    [1, 1],
    [2, 0],
  ] as const) {
    await check(lab, "second", filter, byMark);
    await agrees("second", filter === 1 ? loose("second") : null);
  }
  // A rule for packets without a mark leads the answers' check to the table.
  await check(lab, "second", 1, 0);
  await lab.ns.must(["ip", "rule", "add", "to", "198.51.100.0/24", "lookup", "100"]);
  await agrees("second", null);
  await lab.ns.must(["ip", "rule", "del", "to", "198.51.100.0/24", "lookup", "100"]);
  // Both ways at once are two ways of the main table.
  const both = ["nexthop", "via", "10.0.1.2", "nexthop", "via", "10.0.2.2"];
  await lab.ns.must(["ip", "route", "replace", "default", ...both]);
  await agrees("second", null);
  // No way at all is too little for the loose check too.
  await lab.ns.must(["ip", "route", "del", "default"]);
  for (const filter of [1, 2]) {
    await check(lab, "second", filter, 0);
    await agrees("second", "net.ipv4.conf.second.rp_filter=0");
  }
});

test("a director of every destination loses all packets where sources are asked by the mark", async () => {
  const lab = await makeLab("nft");
  const client = await makeClient(lab);
  await check(lab, "all", 0, 0);
  await lab.ns.must(["iptables-nft", "-t", "mangle", "-A", "INPUT", "-p", "udp", "--dport", "25"]);
  for (const [text, remedy] of [
    ["flow all director d match proto udp", "net.ipv4.conf.in.src_valid_mark=0"],
    ["flow all director d match proto udp dst 203.0.113.9", null],
  ] as const) {
    await lab.kernel.apply(program(text));
    for (const byMark of [0, 1]) {
      for (const filter of [0, 1]) {
        await check(lab, "in", filter, byMark);
        const lost = byMark === 1 && remedy !== null;
        const { eaten } = await lab.kernel.read();
        expect(eaten.map(({ what, iface, set }) => [what, iface, ...set])).toEqual(
          lost ? [["packets", "in", remedy]] : [],
        );
        await fate(lab, !lost, {
          arrivals: () => inMangle(lab),
          act: () => send(client, "203.0.113.9", [25]),
        });
      }
    }
  }
});

/** Packets that came as far as the machine's own. */
async function inMangle({ ns }: Lab): Promise<number> {
  const saved = await ns.must(["iptables-nft-save", "-c", "-t", "mangle"]);
  return Number(/\[(\d+):\d+\] -A INPUT -p udp/.exec(saved)?.[1]);
}

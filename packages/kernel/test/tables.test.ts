/** Where packets leave whose flow names a routing table, and what of the machine stays as it was. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { uninstall } from "../src/index.ts";
import { arrived, makeClient, makeWays, send, setting } from "./gateways.ts";
import { BACKENDS, type Lab, makeLab, program, wrappers } from "./lab.ts";

const HOSTS = ["198.51.100.7", "2001:db8:7::7"];

/** A name for a table that only this namespace knows: `ip netns` shows the directory there as /etc/iproute2. */
function nameTable({ ns }: Lab, line: string): void {
  const directory = `/etc/netns/${ns.name}`;
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(`${directory}/iproute2/rt_tables.d`, { recursive: true });
  writeFileSync(`${directory}/iproute2/rt_tables.d/test.conf`, `# more tables\n${line}\n`);
}

test("settings that cannot be read are an error, not settings that are not there", async () => {
  const lab = await makeLab("nft");
  const tools = wrappers();
  tools.wrap("grep", "kill -9 $$");
  await expect(lab.kernel.read()).rejects.toThrow("was killed; nothing was changed");
  tools.wrap("grep", "");
  expect((await lab.kernel.read()).tables).toMatchObject({ main: 254 });
});

describe.each(BACKENDS)("%s", (backend) => {
  test("packets leave by the gateway of their flow's table, by name and by number, in both families", async () => {
    const lab = await makeLab(backend);
    nameTable(lab, "100 uplink # the second way");
    const { first, second } = await makeWays(lab);
    const client = await makeClient(lab);
    const { tables, routesIn } = await lab.kernel.read();
    expect(tables).toMatchObject({ uplink: 100 });
    expect(routesIn[100]).toEqual({ ip: 1, ip6: 1 });

    const text = `flow mail table uplink match proto udp dstport 25
flow web table 100 match proto udp dstport 80
flow rest permit match`;
    await lab.kernel.apply(program(text, { tables }));
    for (const host of HOSTS) await send(client, host, [25, 26, 80]);
    await arrived(second, ["4 25", "4 80", "6 25", "6 80"]);
    await arrived(first, ["4 26", "6 26"]);

    // An empty table decides nothing: the next rule does.
    await lab.ns.must(["ip", "-6", "route", "flush", "table", "100"]);
    for (const host of HOSTS) await send(client, host, [25]);
    await arrived(first, ["4 26", "6 25", "6 26"]);
    await arrived(second, ["4 25", "4 25", "4 80", "6 25", "6 80"]);
    expect((await lab.kernel.read()).routesIn[100]).toEqual({ ip: 1, ip6: 0 });
  });

  test("no setting of the network is changed, by no program and not when all is taken out", async () => {
    const lab = await makeLab(backend);
    await lab.ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
    // Some that we would like to be otherwise, so that a change would show.
    await setting(lab, "ipv4/conf/eth0/rp_filter", 1);
    await setting(lab, "ipv4/conf/all/src_valid_mark", 1);
    const settings = async () =>
      (await lab.ns.must(["sysctl", "-a", "-r", "^net\\."]))
        .split("\n")
        .filter((line) => !/nf_conntrack_count|netdev_rss_key/.test(line));
    const before = await settings();
    expect(before.length).toBeGreaterThan(200);
    await lab.kernel.apply(
      program(`flow pool director d match proto tcp dst 10.1.1.1 dstport 25
flow any director e match proto udp
flow web table 100 match proto tcp dstport 80
outflow mail table 100 match proto udp dstport 25`),
    );
    expect(await settings()).toEqual(before);
    await lab.kernel.apply(program(""));
    expect(await settings()).toEqual(before);
    await uninstall({ kind: "namespace", name: lab.ns.name }, lab.dataDir);
    expect(await settings()).toEqual(before);
  });
});

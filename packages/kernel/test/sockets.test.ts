/** Who listens and who is connected, out of a namespace with real sockets of every kind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { readEndpoints, readWays } from "../src/index.ts";
import { sshPortsOf } from "../src/sockets.ts";
import { makeNamespace } from "../src/testing.ts";

/** Says "ready" when all of its sockets are open; ends with its input. */
const HOLDER = `
import net from "node:net";
import { createSocket } from "node:dgram";
process.title = "sshd";
const listen = (port, host) => new Promise((resolve) => net.createServer(() => {}).listen(port, host, resolve));
await listen(22);
await listen(2222, "10.1.0.1");
await listen(80, "0.0.0.0");
await listen(8080, "127.0.0.1");
for (const host of ["10.1.0.1", "fd01::1"]) await new Promise((resolve) => net.connect(22, host, resolve));
const client = createSocket("udp4");
client.connect(53, "10.1.0.9", () => console.log("ready"));
process.stdin.resume().on("end", () => process.exit());`;

/** keepalived's: a raw socket for VRRP that has joined the group. */
const SPEAKER = `use Socket qw(:all); $| = 1;
socket(my $s, AF_INET, SOCK_RAW, 112) or die $!;
setsockopt($s, IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton("224.0.0.18") . inet_aton("10.1.0.1")) or die $!;
print "ready\\n"; <STDIN>;`;

async function hold(namespace: string, ...argv: string[]): Promise<void> {
  const child = spawn("ip", ["netns", "exec", namespace, ...argv], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  });
  const failed = once(child, "exit").then(([code]) => Promise.reject(new Error(`it ended: ${code}`)));
  failed.catch(() => {});
  await Promise.race([once(child.stdout, "data"), failed]);
}

it("tells sockets, addresses, groups and ways of a namespace", async () => {
  const ns = await makeNamespace();
  onTestFinished(() => ns.remove());
  await ns.wire("v0", ["10.1.0.1/24", "fd01::1/64"]);
  await hold(ns.name, process.execPath, "--input-type=module", "-e", HOLDER);
  await hold(ns.name, "perl", "-e", SPEAKER);

  const spec = { kind: "namespace", name: ns.name } as const;
  const { sockets, links, ephemeral, unread } = await readEndpoints(spec);
  expect(unread).toEqual([]);
  const listening = sockets.filter(({ state }) => state === "listen");
  const short = ({ proto, local, families, localPort, processes }: (typeof sockets)[number]) =>
    `${proto} ${local ?? "*"} ${families.join("+")} ${localPort} ${processes.join()}`;
  expect(listening.map(short).toSorted()).toEqual([
    "raw * ip 112 perl",
    "tcp * ip 80 sshd",
    "tcp * ip+ip6 22 sshd",
    "tcp 10.1.0.1 ip 2222 sshd",
    "tcp 127.0.0.1 ip 8080 sshd",
  ]);
  const connected = sockets.filter(({ state }) => state === "established");
  const peers = connected.map(({ proto, local, localPort, peer }) => ({ proto, local, localPort, peer }));
  expect(peers).toContainEqual({
    proto: "udp",
    local: "10.1.0.1",
    localPort: expect.any(Number),
    peer: { address: "10.1.0.9", port: 53 },
  });
  // Both ends of each connection to itself.
  for (const address of ["10.1.0.1", "fd01::1"]) {
    const ends = peers.filter(
      ({ proto, local, peer }) => proto === "tcp" && local === address && peer?.address === address,
    );
    expect(ends.map(({ localPort, peer }) => [localPort, peer?.port].includes(22))).toEqual([true, true]);
  }
  expect(links.find(({ name }) => name === "v0")).toMatchObject({
    up: true,
    addresses: expect.arrayContaining(["10.1.0.1", "fd01::1"]),
    groups: expect.arrayContaining(["224.0.0.18"]),
  });
  expect(ephemeral).toEqual({ low: 32_768, high: 60_999 });

  const ways = await readWays(spec, [
    { to: "10.1.0.9", from: "10.1.0.1" },
    { to: "192.0.2.1", from: null },
    { to: "10.1.0.1", from: "10.1.0.1" },
    { to: "fd01::9", from: null },
  ]);
  expect(ways).toEqual([
    { iface: "v0", source: "10.1.0.1", local: false },
    null,
    { iface: "lo", source: "10.1.0.1", local: true },
    { iface: "v0", source: "fd01::1", local: false },
  ]);
});

it("says what it could not read", async () => {
  const { sockets, unread } = await readEndpoints({ kind: "namespace", name: "flowmgr-none" });
  expect(sockets).toEqual([]);
  expect(unread).toHaveLength(4);
  expect(unread[0]).toMatch(/^ss could not be asked \(.*flowmgr-none/);
  expect(
    await readWays({ kind: "namespace", name: "flowmgr-none" }, [{ to: "10.1.0.9", from: null }]),
  ).toEqual([null]);
});

it("reads the ports of sshd out of its configuration", () => {
  const lines = [
    "/etc/ssh/sshd_config:Include /etc/ssh/sshd_config.d/*.conf",
    "/etc/ssh/sshd_config:#Port 22",
    "/etc/ssh/sshd_config:Port 2222",
    "/etc/ssh/sshd_config:  port=2223 # another",
    "/etc/ssh/sshd_config:ListenAddress ::",
    "/etc/ssh/sshd_config:ListenAddress 10.0.0.1",
    "/etc/ssh/sshd_config.d/more.conf:ListenAddress 10.0.0.1:2224",
    "/etc/ssh/sshd_config.d/more.conf:ListenAddress [fd00::1]:2225",
    "/etc/ssh/sshd_config.d/more.conf.old:Port 2226",
    "/etc/resolv.conf:Port 2227",
  ];
  expect(sshPortsOf(lines.join("\n"))).toEqual([2222, 2223, 2224, 2225]);
});

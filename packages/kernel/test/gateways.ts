/** Neighbours of a lab's namespace that answer and count what comes to them. */
import { expect, onTestFinished } from "vitest";
import type { Ran } from "../src/run.ts";
import { makeNamespace } from "../src/testing.ts";
import type { Lab } from "./lab.ts";

export type Gateway = {
  ipv4: string;
  ipv6: string;
  must(argv: readonly string[]): Promise<string>;
  run(argv: readonly string[]): Promise<Ran>;
  /** UDP datagrams that came, as `4 25` for a port of a family, each as often as it came. */
  arrivals(): Promise<string[]>;
};

const PORTS = [25, 26, 80, 81];

/** A namespace at the other end of the interface; addresses end in 1 here and in 2 there. Gone after the test. */
export async function makeGateway(lab: Lab, iface: string, number: number): Promise<Gateway> {
  const there = await makeNamespace();
  onTestFinished(() => there.remove());
  const peer = ["peer", "name", "eth0", "netns", there.name];
  await lab.ns.must(["ip", "link", "add", "name", iface, "type", "veth", ...peer]);
  const network = (host: number) => [`10.0.${number}.${host}/24`, `fd0${number}::${host}/64`];
  for (const address of network(1)) await lab.ns.must(["ip", "address", "add", address, "dev", iface]);
  for (const address of network(2)) await there.must(["ip", "address", "add", address, "dev", "eth0"]);
  await lab.ns.must(["ip", "link", "set", "dev", iface, "up"]);
  await there.must(["ip", "link", "set", "dev", "eth0", "up"]);
  await speaksIpv6(lab.ns, iface);
  await speaksIpv6(there, "eth0");
  const tools = [
    ["4", lab.iptables],
    ["6", lab.ip6tables],
  ] as const;
  for (const [, tool] of tools) {
    for (const port of PORTS) {
      const words = ["-A", "PREROUTING", "-p", "udp", "-m", "udp", "--dport", String(port)];
      await there.must([tool, "-w", "5", "-t", "raw", ...words]);
    }
  }
  return {
    ipv4: `10.0.${number}.2`,
    ipv6: `fd0${number}::2`,
    must: (argv) => there.must(argv),
    run: (argv) => there.run(argv),
    async arrivals() {
      const all: string[] = [];
      for (const [family, tool] of tools) {
        const saved = await there.must([`${tool}-save`, "-c", "-t", "raw"]);
        for (const [, count, port] of saved.matchAll(/^\[(\d+):\d+\] .* --dport (\d+)$/gm)) {
          all.push(...Array.from({ length: Number(count) }, () => `${family} ${port}`));
        }
      }
      return all;
    },
  };
}

/**
 * A link that is up is not yet one that IPv6 speaks by: the kernel gets to that in its own time, and what neighbour
 * discovery sends before that is lost and not sent again for a second. It is there when the interface has its
 * link-local address.
 */
async function speaksIpv6(ns: Lab["ns"], iface: string): Promise<void> {
  const address = ["ip", "-6", "address", "show", "dev", iface, "scope", "link", "-tentative"];
  await expect.poll(() => ns.must(address), { timeout: 10_000, interval: 10 }).toContain("fe80::");
}

/** A plain program with a plain socket, so that the kernel chooses source and way as it does for any other. */
const SEND = `
use Socket qw(:all);
my ($host, $from, @ports) = @ARGV;
my $six = $host =~ /:/;
my ($family, $address) = $six ? (AF_INET6, \\&pack_sockaddr_in6) : (AF_INET, \\&pack_sockaddr_in);
socket(my $socket, $family, SOCK_DGRAM, 0) or die "socket: $!";
if ($from ne "") { bind($socket, $address->(0, inet_pton($family, $from))) or die "bind $from: $!" }
for my $port (@ports) {
  my $sent = defined send($socket, "hello", 0, $address->($port, inet_pton($family, $host)));
  print $sent ? "sent\\n" : (grep { $!{$_} } keys %!)[0] . "\\n";
}`;

/** Sends a UDP datagram from a namespace to each of the ports; of each `sent`, or the code of the error. */
export async function send(
  ns: Pick<Gateway, "must">,
  host: string,
  ports: number[],
  from = "",
): Promise<string[]> {
  return (await ns.must(["perl", "-e", SEND, host, from, ...ports.map(String)])).trim().split("\n");
}

/** What has come to the gateway by now is this; waits for it, up to ten seconds. */
export async function arrived(gateway: Gateway, expected: string[]): Promise<void> {
  await expect.poll(() => gateway.arrivals(), { timeout: 10_000 }).toEqual(expected);
}

/** Two ways out: to the first gateway, where the main table leads, and to the second, where table 100 does. */
export async function makeWays(lab: Lab) {
  const first = await makeGateway(lab, "first", 1);
  const second = await makeGateway(lab, "second", 2);
  const route = (family: string, via: string, table: string) =>
    lab.ns.must(["ip", family, "route", "add", "default", "via", via, "table", table]);
  await route("-4", first.ipv4, "main");
  await route("-6", first.ipv6, "main");
  await route("-4", second.ipv4, "100");
  await route("-6", second.ipv6, "100");
  return { first, second };
}

/** A neighbour that sends all it sends by the lab's namespace, which passes it on. */
export async function makeClient(lab: Lab): Promise<Gateway> {
  const client = await makeGateway(lab, "in", 3);
  await client.must(["ip", "-4", "route", "add", "default", "via", "10.0.3.1"]);
  await client.must(["ip", "-6", "route", "add", "default", "via", "fd03::1"]);
  await setting(lab, "ipv4/ip_forward", 1);
  await setting(lab, "ipv6/conf/all/forwarding", 1);
  return client;
}

/** Writes a setting of the lab's network: `ipv4/ip_forward`. */
export async function setting({ ns }: Lab, name: string, value: number): Promise<void> {
  const written = await ns.run(["tee", `/proc/sys/net/${name}`], { stdin: String(value) });
  expect(written.status).toBe(0);
}

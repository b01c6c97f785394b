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
const [family, port, host] = process.argv.slice(1);
const socket = require("dgram").createSocket("udp" + family);
socket.send("hello", Number(port), host, (error) => { console.log(error ? error.code : "sent"); socket.close(); });`;

/** Sends a UDP datagram from the lab's namespace; `sent`, or the code of the error. */
export async function send({ ns }: Lab, port: number, host: string): Promise<string> {
  const family = host.includes(":") ? "6" : "4";
  return (await ns.must([process.execPath, "-e", SEND, family, String(port), host])).trim();
}

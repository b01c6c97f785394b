/**
 * The small world of a namespace of our own: two networks, a client and a server, in which the examples of the
 * flow language can be tried. Nothing in it reaches the machine's own network.
 *
 *   NAME-client                 NAME                          NAME-server
 *   eth0 192.168.0.10 --- eth0 192.168.0.1, .2
 *                              eth1 192.168.1.1 --- eth0 192.168.1.10
 *
 * The same wires carry IPv6 (`fd00::/64` and `fd00:0:0:1::/64`, the same last digits).
 */
import { existsSync } from "node:fs";
import { forgetLock } from "./lock.ts";
import { askTwice, complaint, run, succeeded } from "./run.ts";
import { isNamespaceName, openTarget, type Target } from "./target.ts";

/** The alias of `lo` in a namespace that we made: it lives and dies with the namespace. */
const MARK = "flowmgr small world";

type Wire = {
  inside: string;
  peer: string;
  here: string[];
  there: string[];
  gateways: string[];
};

const wires = (name: string): Wire[] => [
  {
    inside: "eth0",
    peer: `${name}-client`,
    here: ["192.168.0.1/24", "192.168.0.2/24", "fd00::1/64", "fd00::2/64"],
    there: ["192.168.0.10/24", "fd00::10/64"],
    gateways: ["192.168.0.1", "fd00::1"],
  },
  {
    inside: "eth1",
    peer: `${name}-server`,
    here: ["192.168.1.1/24", "fd00:0:0:1::1/64"],
    there: ["192.168.1.10/24", "fd00:0:0:1::10/64"],
    gateways: ["192.168.1.1", "fd00:0:0:1::1"],
  },
];

/**
 * Makes the namespace and its world when it is missing, and completes what we made and somebody took a part of. A
 * namespace of that name that others made is used as it is. `made` tells whether there was none.
 * Throws, with nothing left behind, when the machine can't do it or a peer's name is taken by others.
 */
export async function ensureWorld(name: string): Promise<{ made: boolean }> {
  if (!isNamespaceName(name)) throw new Error(`"${name}" can't name a network namespace`);
  const found = await namespaceOwner(name);
  if (found === "others") return { made: false };
  const fresh: string[] = [];
  try {
    await ensureNamespace(name, fresh);
    for (const wire of wires(name)) {
      await ensureNamespace(wire.peer, fresh);
      await ensureWire(name, wire);
    }
    await set(name, "ipv4/ip_forward", "1");
    if (hasIpv6()) await set(name, "ipv6/conf/all/forwarding", "1");
  } catch (error) {
    for (const namespace of fresh) await run(["ip", "netns", "delete", namespace]);
    throw error;
  }
  return { made: fresh.includes(name) };
}

/**
 * Gives a function that makes the world anew when somebody has deleted its namespace since; one that others made comes
 * back when they make it. Throws what `ensureWorld` throws.
 */
export async function keepWorld(name: string): Promise<() => Promise<void>> {
  const ours = (await namespaceOwner(name)) === "us";
  return async () => {
    if (ours && !isThere(name)) await ensureWorld(name);
  };
}

const isThere = (name: string) => existsSync(`/run/netns/${name}`);

/**
 * From where a packet comes in by an interface of a world of ours: by the far end of its wire, by `lo` itself. Null
 * for an interface, or a namespace, that others made.
 */
export async function farEndOf(
  name: string,
  iface: string,
): Promise<{ target: Target; device: string } | null> {
  if ((await namespaceOwner(name)) !== "us") return null;
  if (iface === "lo") return { target: openTarget({ kind: "namespace", name }), device: "lo" };
  const wire = wires(name).find(({ inside }) => inside === iface);
  if (wire === undefined || (await namespaceOwner(wire.peer)) !== "us") return null;
  return { target: openTarget({ kind: "namespace", name: wire.peer }), device: "eth0" };
}

/** Takes the world away again, and gives the namespaces that went; one that others made stays. */
export async function removeWorld(name: string): Promise<string[]> {
  const gone: string[] = [];
  for (const namespace of [name, ...wires(name).map((wire) => wire.peer)]) {
    if ((await namespaceOwner(namespace)) !== "us") continue;
    await must(["ip", "netns", "delete", namespace]);
    gone.push(namespace);
  }
  if (!isThere(name)) forgetLock(openTarget({ kind: "namespace", name }));
  return gone;
}

async function ensureNamespace(name: string, fresh: string[]): Promise<void> {
  const owner = await namespaceOwner(name);
  if (owner === "us") return;
  if (owner === "others") {
    throw new Error(`network namespace ${name} exists and is not ours; remove it: ip netns delete ${name}`);
  }
  await must(["ip", "netns", "add", name]);
  fresh.push(name);
  await must(["ip", "-n", name, "link", "set", "lo", "up", "alias", MARK]);
  if (!hasIpv6()) return;
  // Before there are links: an address that is being tested for duplicates answers nobody for two seconds.
  for (const scope of ["all", "default"]) await set(name, `ipv6/conf/${scope}/accept_dad`, "0");
}

/** Who made a namespace; null when there is none of that name. Throws when nobody can be asked. */
async function namespaceOwner(name: string): Promise<"us" | "others" | null> {
  if (!isThere(name)) return null;
  const lo = await askTwice(() => run(["ip", "-n", name, "-json", "link", "show", "lo"]));
  return lo.stdout.includes(`"ifalias":"${MARK}"`) ? "us" : "others";
}

async function ensureWire(name: string, wire: Wire): Promise<void> {
  const there = await run(["ip", "-n", wire.peer, "link", "show", "eth0"]);
  if (!succeeded(there)) {
    // Both ends are made in their namespaces: the machine's own network never sees them.
    const peer = ["peer", "name", "eth0", "netns", wire.peer];
    await must(["ip", "link", "add", wire.inside, "netns", name, "type", "veth", ...peer]);
  }
  await batch(name, [...addresses(wire.inside, wire.here), `link set ${wire.inside} up`]);
  const gateways = wire.gateways.filter(usable).map((gateway) => `route replace default via ${gateway}`);
  await batch(wire.peer, [...addresses("eth0", wire.there), "link set eth0 up", ...gateways]);
}

function addresses(device: string, list: string[]): string[] {
  return list.filter(usable).map((address) => `address replace ${address} dev ${device}`);
}

const isIpv6 = (address: string) => address.includes(":");

const usable = (address: string) => !isIpv6(address) || hasIpv6();

const hasIpv6 = () => existsSync("/proc/net/if_inet6");

async function set(name: string, setting: string, value: string): Promise<void> {
  const words = ["ip", "netns", "exec", name, "tee", `/proc/sys/net/${setting}`];
  const ran = await run(words, { stdin: `${value}\n` });
  if (!succeeded(ran)) throw new Error(complaint(ran));
}

async function batch(name: string, lines: string[]): Promise<void> {
  const ran = await run(["ip", "-n", name, "-batch", "-"], {
    stdin: `${lines.join("\n")}\n`,
  });
  if (!succeeded(ran)) throw new Error(`${name}: ${complaint(ran)}`);
}

async function must(argv: string[]): Promise<void> {
  const ran = await run(argv);
  if (!succeeded(ran)) throw new Error(complaint(ran));
}

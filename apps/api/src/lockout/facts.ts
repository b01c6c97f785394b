/** What is so on the machine, read at the moment at which somebody asks. */
import type { FamilyName } from "@flowmgr/flow-compiler";
import { type Endpoints, readEndpoints, readWays, type Socket, type Way } from "@flowmgr/kernel";
import { isLoopback } from "../addresses.ts";
import type { Caller } from "../parts.ts";
import type { Settings } from "../settings.ts";

export type Facts = {
  /** Do the rules judge the network in which this server runs? */
  host: boolean;
  endpoints: Endpoints;
  caller: { connection: Caller["connection"]; way: Way | null };
  /** Where ssh and, on the host, this page listen; what listens on loopback alone is left out. */
  adminPorts: AdminPort[];
  /** Who is in by ssh, and whom the machine has connected to, with the way to each. */
  peers: Peer[];
  nameservers: { address: string; way: Way | null }[];
  /** The families in which VRRP is spoken here. */
  vrrp: FamilyName[];
  /** Is the address of a family that flows judge here? */
  judges(address: string): boolean;
};

type AdminPort = { name: string; port: number } & Pick<Socket, "local" | "families">;

type Peer = {
  proto: "tcp" | "udp";
  local: string;
  localPort: number;
  address: string;
  port: number;
  /** Did this machine open the connection? */
  opened: boolean;
  way: Way | null;
};

/** IANA: VRRP. */
const VRRP = 112;
const SSH_PORT = 22;
/** What lets admins in: OpenSSH's daemon, dropbear. systemd may hold the port in its stead, and only who may trace others sees. */
const SSH_PROCESSES: readonly string[] = ["sshd", "dropbear"];

/** To ask for as many ways takes some 20 ms. */
const MOST_PEERS = 1000;

/** Never throws. About 30 ms. */
export async function readFacts(
  settings: Pick<Settings, "target">,
  caller: Pick<Caller, "connection">,
  judged: readonly FamilyName[],
): Promise<Facts> {
  const { target } = settings;
  const host = target.kind === "host";
  const endpoints = await readEndpoints(target);
  const connection = host ? caller.connection : null;
  const adminPorts = adminPortsOf(endpoints, connection?.localPort ?? null);
  const all = peersOf(endpoints, adminPorts);
  const peers = all.slice(0, MOST_PEERS);
  const nameservers = endpoints.nameservers.filter((address) => !isLoopback(address));
  const asked = [
    ...peers.map(({ address, local }) => ({ to: address, from: local })),
    ...nameservers.map((to) => ({ to, from: null })),
    ...(connection ? [{ to: connection.peer, from: connection.local }] : []),
  ];
  const ways = new Map<string, Way | null>();
  const distinct = [...new Map(asked.map((pair) => [keyOf(pair), pair])).values()];
  for (const [at, way] of (await readWays(target, distinct)).entries()) {
    const pair = distinct[at];
    if (pair) ways.set(keyOf(pair), way);
  }
  const wayOf = (to: string, from: string | null) => ways.get(keyOf({ to, from })) ?? null;
  return {
    host,
    endpoints: { ...endpoints, unread: [...endpoints.unread, ...leftOut(all.length - peers.length)] },
    caller: { connection, way: connection ? wayOf(connection.peer, connection.local) : null },
    adminPorts,
    peers: peers.map((peer) => ({ ...peer, way: wayOf(peer.address, peer.local) })),
    nameservers: nameservers.map((address) => ({ address, way: wayOf(address, null) })),
    vrrp: [
      ...new Set(
        endpoints.sockets.flatMap(({ proto, localPort, families }) =>
          proto === "raw" && localPort === VRRP ? families : [],
        ),
      ),
    ],
    judges: (address) => judged.includes(address.includes(":") ? "ip6" : "ip"),
  };
}

const keyOf = ({ to, from }: { to: string; from: string | null }) => `${to} ${from ?? ""}`;

function adminPortsOf({ sockets, sshPorts }: Endpoints, page: number | null): AdminPort[] {
  return sockets.flatMap(({ proto, state, local, families, localPort: port, processes }): AdminPort[] => {
    if (proto !== "tcp" || state !== "listen" || (local !== null && isLoopback(local))) return [];
    const isSsh =
      port === SSH_PORT || sshPorts.includes(port) || processes.some((name) => SSH_PROCESSES.includes(name));
    if (isSsh) return [{ name: "ssh", port, local, families }];
    return port === page ? [{ name: "this page", port, local, families }] : [];
  });
}

const leftOut = (count: number) =>
  count > 0 ? [`${count} more connections that this machine has opened were not looked at`] : [];

/** Who is in by ssh, and behind them those to whom the machine has connected itself: no clients of its services. */
export function peersOf(
  { sockets }: Pick<Endpoints, "sockets">,
  adminPorts: readonly AdminPort[],
): Omit<Peer, "way">[] {
  const listening = new Set(
    sockets.flatMap(({ proto, state, localPort }) => (state === "listen" ? [`${proto} ${localPort}`] : [])),
  );
  const ssh = new Set(adminPorts.flatMap(({ name, port }) => (name === "ssh" ? [`tcp ${port}`] : [])));
  const peers = sockets.flatMap(({ proto, local, localPort, peer }) => {
    if (proto === "raw" || local === null || peer === null || isLoopback(peer.address)) return [];
    const opened = !listening.has(`${proto} ${localPort}`);
    if (!opened && !ssh.has(`${proto} ${localPort}`)) return [];
    return [{ proto, local, localPort, address: peer.address, port: peer.port, opened }];
  });
  return peers.sort((a, b) => Number(a.opened) - Number(b.opened));
}

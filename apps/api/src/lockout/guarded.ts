/**
 * Which packets are to get through, from what is so on the machine: who asks, where ssh and the page listen, what the
 * machine itself has open, whether keepalived runs. Facts, no guesses: what is not known is not guarded, and said.
 */
import type { Guarded } from "@flowmgr/flow-analysis";
import type { FamilyName } from "@flowmgr/flow-compiler";
import type { Condition, Conditions } from "@flowmgr/flow-model";
import { isLoopback } from "../addresses.ts";
import type { Facts } from "./facts.ts";
import { Network } from "./network.ts";

/** Ports that clients connect from, Linux by default and the others (IANA); a rule about one below means a service. */
const CLIENT_PORTS = "32768:65535";
const LOWEST_CLIENT_PORT = 32_768;

export type GuardedSets = { guarded: Guarded[]; notes: string[] };

/** All that is guarded. `facts.host`: the rules judge the server's own network, and what blocks does. */
export function guardedSets(facts: Facts): GuardedSets {
  const network = new Network(facts);
  // The connection to the page does not pass where the rules of a private namespace judge.
  const asking = facts.host ? askingConnection(facts) : { guarded: [], notes: [] };
  return {
    guarded: [
      ...asking.guarded,
      ...sshSessions(facts),
      ...adminPorts(facts, network),
      ...ownConnections(facts, network),
      ...keepalived(facts, network),
    ],
    notes: [...asking.notes, ...facts.endpoints.unread],
  };
}

const only = (...values: string[]): Condition => ({ not: false, values });

/** Both directions of connections from some addresses to a port of this machine. */
function connections(
  facts: Facts,
  ends: {
    peers: readonly string[];
    local: string;
    port: number;
    iface: string | null;
    clientPorts: string[];
  },
  names: { in: string; out: string },
): Guarded[] {
  const { peers, local, port, iface, clientPorts } = ends;
  const where: Conditions = iface === null ? {} : { iface: only(iface) };
  const more = { what: "connection", blocks: facts.host } as const;
  const from: Conditions = {
    ...where,
    proto: only("tcp"),
    src: only(...peers),
    dst: only(local),
    srcport: only(...clientPorts),
    dstport: only(String(port)),
    state: only("new", "established"),
  };
  const back: Conditions = {
    ...where,
    proto: only("tcp"),
    src: only(local),
    dst: only(...peers),
    srcport: only(String(port)),
    dstport: only(...clientPorts),
    state: only("established"),
  };
  return [
    { ...more, direction: "in", conditions: from, name: names.in },
    { ...more, direction: "out", conditions: back, name: names.out },
  ];
}

/** A client's ports: those of new connections, and its own where it stands outside. */
const portsOf = (...own: number[]) => [
  CLIENT_PORTS,
  ...new Set(own.filter((port) => port < LOWEST_CLIENT_PORT).map(String)),
];

/** The connection that asks, and those that its client opens to confirm. */
function askingConnection(facts: Facts): GuardedSets {
  const { connection, way } = facts.caller;
  if (connection === null) return { guarded: [], notes: ["How you are connected is not known."] };
  const { peer, peerPort, local, localPort, proxied } = connection;
  if (isLoopback(peer) || way?.local === true) {
    const by = proxied ? "through a proxy on this machine" : "over loopback";
    return {
      guarded: [],
      notes: [`You are connected ${by}: your own way to this machine is not known here.`],
    };
  }
  const whose = proxied ? "the proxy's connection" : "your connection";
  const names = {
    in: `${whose} from ${peer} to port ${localPort}`,
    out: `the answers to ${whose} from ${peer}`,
  };
  const iface = way?.iface ?? null;
  const ends = { peers: [peer], local, port: localPort, iface, clientPorts: portsOf(peerPort) };
  const notes = proxied
    ? [`You are connected through the proxy ${peer}: your own way to it is not known here.`]
    : [];
  return { guarded: facts.judges(peer) ? connections(facts, ends, names) : [], notes };
}

/** Who is in by ssh stays in and comes in again. */
function sshSessions(facts: Facts): Guarded[] {
  const ports = new Set(facts.adminPorts.filter(({ name }) => name === "ssh").map(({ port }) => port));
  const sessions = facts.peers.filter(
    ({ proto, localPort, address, way }) =>
      proto === "tcp" && ports.has(localPort) && facts.judges(address) && !way?.local,
  );
  return groupsOf(sessions, ({ local, localPort, way }) => [local, localPort, way?.iface]).flatMap((all) => {
    const [{ local, localPort: port, way }] = all;
    const peers = distinct(all.map(({ address }) => address));
    const whose = `the ssh ${peers.length === 1 ? "session" : "sessions"} from ${listed(peers)}`;
    const clientPorts = portsOf(...all.map(({ port: own }) => own));
    const ends = { peers, local, port, iface: way?.iface ?? null, clientPorts };
    return connections(facts, ends, { in: whose, out: `the answers to ${whose}` });
  });
}

/** Somebody must get in, from somewhere; who may is the admin's to say. */
function adminPorts(facts: Facts, network: Network): Guarded[] {
  return facts.adminPorts.flatMap(({ name, port, local, families }): Guarded[] => {
    const addresses =
      local === null ? network.own(families) : [local].filter((one) => !isLoopback(one) && facts.judges(one));
    const iface = network.ifaces();
    if (addresses.length === 0 || iface === null) return [];
    const more = { what: "admin", blocks: facts.host, some: true } as const;
    const [here, number] = [only(...addresses), only(String(port))];
    const from: Conditions = {
      iface,
      proto: only("tcp"),
      src: network.strangers(),
      dst: here,
      srcport: only(CLIENT_PORTS),
      dstport: number,
      state: only("new"),
    };
    const back: Conditions = {
      iface,
      proto: only("tcp"),
      src: here,
      dst: network.strangers(),
      srcport: number,
      dstport: only(CLIENT_PORTS),
      state: only("established"),
    };
    return [
      { ...more, direction: "in", conditions: from, name: `every new connection to ${name} on port ${port}` },
      { ...more, direction: "out", conditions: back, name: `every answer of ${name} on port ${port}` },
    ];
  });
}

/** Answers to what the machine itself opened. */
function ownConnections(facts: Facts, network: Network): Guarded[] {
  return [...answersFromPeers(facts), ...answersFromNameservers(facts), ...answersAtAll(facts, network)];
}

const REPLY = { what: "replies", direction: "in", blocks: false } as const;

function answersFromPeers(facts: Facts): Guarded[] {
  const { ephemeral } = facts.endpoints;
  const opened = facts.peers.filter((one) => one.opened && !one.way?.local && facts.judges(one.address));
  return groupsOf(opened, ({ proto, port, local, way }) => [proto, port, local, way?.iface]).map((all) => {
    const [{ proto, port, local, way }] = all;
    const odd = all
      .map(({ localPort }) => localPort)
      .filter((own) => own < ephemeral.low || own > ephemeral.high);
    const peers = distinct(all.map(({ address }) => address));
    return {
      ...REPLY,
      name: `answers from ${proto} port ${port} of ${listed(peers)}`,
      conditions: {
        ...(way && { iface: only(way.iface) }),
        proto: only(proto),
        src: only(...peers),
        dst: only(local),
        srcport: only(String(port)),
        dstport: only(`${ephemeral.low}:${ephemeral.high}`, ...distinct(odd.map(String))),
        state: only("established"),
      },
    };
  });
}

function answersFromNameservers(facts: Facts): Guarded[] {
  const { low, high } = facts.endpoints.ephemeral;
  return facts.nameservers.flatMap(({ address, way }): Guarded[] => {
    if (way === null || way.local || way.source === null || !facts.judges(address)) return [];
    return [
      {
        ...REPLY,
        name: `answers of the name server ${address}`,
        conditions: {
          iface: only(way.iface),
          proto: only("udp", "tcp"),
          src: only(address),
          dst: only(way.source),
          srcport: only("53"),
          dstport: only(`${low}:${high}`),
          state: only("established"),
        },
      },
    ];
  });
}

/** Whatever the machine opens next: lost when no answer at all comes back. */
function answersAtAll(facts: Facts, network: Network): Guarded[] {
  const { low, high } = facts.endpoints.ephemeral;
  const iface = network.ifaces();
  if (iface === null) return [];
  const any = (conditions: Conditions, name: string, addresses: string[]): Guarded[] =>
    addresses.length === 0
      ? []
      : [
          {
            ...REPLY,
            some: true,
            name,
            conditions: { iface, src: network.strangers(), dst: only(...addresses), ...conditions },
          },
        ];
  const answers = { proto: only("tcp", "udp"), dstport: only(`${low}:${high}`), state: only("established") };
  const related = { state: only("related") };
  const errors: Record<FamilyName, Conditions> = {
    ip: { proto: only("icmp"), icmptype: only("3", "11", "12"), ...related },
    ip6: { proto: only("icmp6"), icmptype: only("1", "2", "3", "4"), ...related },
  };
  return [
    ...any(
      answers,
      "answers to whatever this machine itself opens (health checks, names, time)",
      network.own(["ip", "ip6"]),
    ),
    ...any(errors.ip, "ICMP errors about this machine's own connections", network.own(["ip"])),
    ...any(errors.ip6, "ICMPv6 errors about this machine's own connections", network.own(["ip6"])),
  ];
}

/** IANA: 224.0.0.18 and ff02::12 are VRRP's groups. Without a member here, keepalived speaks to its peers alone. */
const VRRP_GROUP: Record<FamilyName, string> = { ip: "224.0.0.18", ip6: "ff02::12" };

function keepalived(facts: Facts, network: Network): Guarded[] {
  return facts.vrrp.flatMap((family): Guarded[] => {
    const group = VRRP_GROUP[family];
    if (!facts.judges(group)) return [];
    const members = network.membersOf(group);
    const iface = members ?? network.ifaces();
    const targets = members === null ? network.own([family]) : [group];
    if (iface === null || targets.length === 0) return [];
    const more = { what: "vrrp", blocks: false, some: true } as const;
    const proto = only("vrrp");
    const heard: Guarded = {
      ...more,
      direction: "in",
      name: "all VRRP of the other routers",
      conditions: { iface, proto, src: network.strangers(), dst: only(...targets) },
    };
    const told: Guarded = {
      ...more,
      direction: "out",
      name: "all VRRP of this machine",
      conditions: { iface, proto, dst: members === null ? network.strangers() : only(group) },
    };
    return [heard, told];
  });
}

function groupsOf<Value>(all: readonly Value[], keyOf: (value: Value) => unknown): [Value, ...Value[]][] {
  const groups = new Map<string, [Value, ...Value[]]>();
  for (const value of all) {
    const key = JSON.stringify(keyOf(value));
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return [...groups.values()];
}

const distinct = (values: readonly string[]) => [...new Set(values)];

/** Names that a sentence tells. */
const MOST_TOLD = 3;

/** "a, b and c", "a, b, c and 4 more" */
export function listed(names: readonly string[]): string {
  const rest = names.length - MOST_TOLD;
  if (rest > 0) return `${names.slice(0, MOST_TOLD).join(", ")} and ${rest} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** What is guarded on a machine of which all is known, and what a config takes of it. */
import { findLockouts } from "@flowmgr/flow-analysis";
import { checkText } from "@flowmgr/flow-model";
import { FIVE_EXAMPLES } from "@flowmgr/flow-model/examples";
import type { Endpoints, Socket } from "@flowmgr/kernel";
import { describe, expect, it } from "vitest";
import { type Facts, peersOf } from "../src/lockout/facts.ts";
import { guardedSets } from "../src/lockout/guarded.ts";

const ENDPOINTS: Endpoints = {
  sockets: [],
  links: [
    { name: "lo", up: true, addresses: ["127.0.0.1", "::1", "10.9.9.9"], groups: [] },
    { name: "eth0", up: true, addresses: ["10.1.0.1", "fd01::1", "fe80::1"], groups: [] },
    { name: "eth1", up: true, addresses: ["10.2.0.1"], groups: [] },
    { name: "eth2", up: false, addresses: ["10.3.0.1"], groups: [] },
  ],
  nameservers: [],
  sshPorts: [],
  ephemeral: { low: 32_768, high: 60_999 },
  unread: [],
};
const CLIENT = { peer: "10.1.0.7", peerPort: 50_000, local: "10.1.0.1", localPort: 8080, proxied: false };
const BY_ETH0 = { iface: "eth0", source: "10.1.0.1", local: false };

/** A machine at which nothing listens and nobody asks, and more. */
function machine(more: Partial<Facts> = {}): Facts {
  return {
    host: true,
    endpoints: ENDPOINTS,
    caller: { connection: { ...CLIENT, peer: "127.0.0.1", local: "127.0.0.1" }, way: null },
    adminPorts: [],
    peers: [],
    nameservers: [],
    vrrp: [],
    judges: () => true,
    ...more,
  };
}

/** What is lost, in words: the guarded set and the verdict. Replies at all are left out unless they are asked for. */
function lost(text: string, facts: Facts, what = "connection admin vrrp"): string[] {
  const { config, diagnostics } = checkText(text);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const { guarded } = guardedSets(facts);
  const { status, findings } = findLockouts(config, guarded);
  expect(status).toBe("complete");
  return findings.flatMap(({ guarded: at, decider }) => {
    const one = guarded[at];
    expect(one?.blocks).toBe(facts.host && (one?.what === "connection" || one?.what === "admin"));
    return one && what.includes(one.what) ? [`${one.name}: ${decider.verdict.action}`] : [];
  });
}

const notesOf = (facts: Facts) => guardedSets(facts).notes;

describe("the connection that asks", () => {
  const asking = machine({ caller: { connection: CLIENT, way: BY_ETH0 } });
  const MINE = "your connection from 10.1.0.7 to port 8080";

  it.each<[string, string[]]>([
    ["", []],
    ["flow a deny match src 10.1.0.0/24", [`${MINE}: deny`]],
    ["flow a deny match src 10.1.0.8", []],
    ["flow a deny match dst 10.1.0.1 proto tcp dstport 8080", [`${MINE}: deny`]],
    ["flow a deny match dst 10.1.0.1 proto tcp dstport 22", []],
    ["flow a deny match dst 10.1.0.1 state new", [`${MINE}: deny`]],
    ["flow a deny match dst 10.1.0.1 state established", [`${MINE}: deny`]],
    ["flow a deny match dst 10.1.0.1 state invalid", []],
    ["flow a director web match dst 10.1.0.1", [`${MINE}: director`]],
    ["flow a table 100 match src 10.1.0.7", [`${MINE}: table`]],
    ["flow a permit match src 10.1.0.7 flow b deny match", []],
    // What it cannot be, it does not lose: another interface, ports of servers.
    ["flow a deny match iface eth1 src 10.1.0.0/24", []],
    ["flow a deny match not iface eth1 src 10.1.0.0/24", [`${MINE}: deny`]],
    ["flow a deny match srcport 0:32767", []],
    ["outflow a deny match dst 10.1.0.7", ["the answers to your connection from 10.1.0.7: deny"]],
    ["outflow a table 100 match srcport 8080", ["the answers to your connection from 10.1.0.7: table"]],
    ["outflow a deny match dstport 8080", []],
    ["outflow a deny match state new", []],
  ])("%s", (text, expected) => {
    expect(lost(text, asking)).toEqual(expected);
  });

  it("keeps the port that it has, however low", () => {
    const privileged = machine({ caller: { connection: { ...CLIENT, peerPort: 700 }, way: BY_ETH0 } });
    expect(lost("flow a deny match srcport 700", privileged)).toEqual([`${MINE}: deny`]);
  });

  it("over loopback, from this machine itself, through a proxy: what is not known is said", () => {
    const own = { iface: "lo", source: "10.1.0.1", local: true };
    for (const [connection, way] of [
      [{ ...CLIENT, peer: "127.0.0.1" }, null],
      [{ ...CLIENT, peer: "10.1.0.1" }, own],
    ] as const) {
      expect(lost("flow a deny match", machine({ caller: { connection, way } }))).toEqual([]);
      expect(notesOf(machine({ caller: { connection, way } }))).toEqual([
        "You are connected over loopback: your own way to this machine is not known here.",
      ]);
    }
    const proxied = machine({ caller: { connection: { ...CLIENT, proxied: true }, way: BY_ETH0 } });
    expect(lost("flow a deny match", proxied)).toEqual([
      "the proxy's connection from 10.1.0.7 to port 8080: deny",
    ]);
    expect(notesOf(proxied)).toEqual([
      "You are connected through the proxy 10.1.0.7: your own way to it is not known here.",
    ]);
    const unknown = machine({ caller: { connection: null, way: null } });
    expect(notesOf(unknown)).toEqual(["How you are connected is not known."]);
  });

  it("is none of a private namespace's", () => {
    const other = { ...asking, host: false };
    expect(lost("flow a deny match", other)).toEqual([]);
    expect(notesOf(other)).toEqual([]);
  });

  it("is not judged where its family is not", () => {
    const v6 = { ...CLIENT, peer: "fd01::7", local: "fd01::1" };
    const facts = machine({ caller: { connection: v6, way: { ...BY_ETH0, source: "fd01::1" } } });
    expect(lost("flow a deny match", facts)).toEqual(["your connection from fd01::7 to port 8080: deny"]);
    expect(lost("flow a deny match", { ...facts, judges: (one) => !one.includes(":") })).toEqual([]);
  });
});

describe("ports of admins", () => {
  const ssh = {
    name: "ssh",
    port: 22,
    local: null,
    families: ["ip", "ip6"],
  } satisfies Facts["adminPorts"][number];
  const facts = machine({ adminPorts: [ssh] });
  const NEW = "every new connection to ssh on port 22";

  it.each<[string, string[]]>([
    ["flow a deny match proto tcp dstport 22", [`${NEW}: deny`]],
    ["flow a director web match proto tcp dstport 22", [`${NEW}: director`]],
    ["flow a deny match not src 10.1.0.0/24 flow b deny match src ::/0", []],
    ["flow a permit match src 10.0.0.0/8 flow b deny match", []],
    // From where nobody can come, nobody gets in.
    ["flow a permit match src 127.0.0.0/8 flow b deny match", [`${NEW}: deny`]],
    ["flow a deny match dst { 10.1.0.1, 10.2.0.1 }", []],
    ["flow a deny match dst { 10.1.0.1, 10.2.0.1, 10.9.9.9, fd01::1 }", [`${NEW}: deny`]],
    ["flow a deny match iface eth0", []],
    ["flow a deny match iface { eth0, eth1 }", [`${NEW}: deny`]],
    ["flow a permit match state established flow b deny match", [`${NEW}: deny`]],
    ["outflow a deny match proto tcp srcport 22", ["every answer of ssh on port 22: deny"]],
    ["outflow a deny match proto tcp srcport 22 not dst 10.1.0.0/24", []],
  ])("%s", (text, expected) => {
    expect(lost(text, facts)).toEqual(expected);
  });

  it("only where others reach them", () => {
    const at = (local: string) => machine({ adminPorts: [{ ...ssh, local }] });
    expect(lost("flow a deny match dst 10.2.0.1", at("10.2.0.1"))).toEqual([`${NEW}: deny`]);
    expect(lost("flow a deny match", at("127.0.0.1"))).toEqual([]);
  });

  it("sessions that are open stay, and their clients come in again", () => {
    const peers = ["10.1.0.7", "10.1.0.8"].map((address) => ({
      ...{ proto: "tcp", local: "10.1.0.1", localPort: 22, port: 40_000, opened: false, way: BY_ETH0 },
      address,
    })) satisfies Facts["peers"];
    const there = machine({ adminPorts: [ssh], peers });
    const both = "the ssh sessions from 10.1.0.7 and 10.1.0.8";
    expect(lost("flow a deny match src 10.1.0.8", there)).toEqual([`${both}: deny`]);
    expect(lost("flow a deny match not src 10.1.0.0/28", there)).toEqual([]);
    expect(lost("outflow a deny match dst 10.1.0.7", there)).toEqual([`the answers to ${both}: deny`]);
    expect(lost("flow a deny match dst 10.1.0.1 dstport 80", there)).toEqual([]);
  });
});

describe("answers to what the machine opens itself", () => {
  const peer = {
    proto: "udp",
    local: "10.1.0.1",
    localPort: 123,
    address: "10.1.0.5",
    port: 123,
    opened: true,
    way: BY_ETH0,
  } satisfies Facts["peers"][number];
  const facts = machine({
    peers: [peer],
    nameservers: [{ address: "10.2.0.53", way: { ...BY_ETH0, iface: "eth1", source: "10.2.0.1" } }],
  });
  const ALL = [
    "answers from udp port 123 of 10.1.0.5: deny",
    "answers of the name server 10.2.0.53: deny",
    "answers to whatever this machine itself opens (health checks, names, time): deny",
    "ICMP errors about this machine's own connections: deny",
    "ICMPv6 errors about this machine's own connections: deny",
  ];

  it.each<[string, string[]]>([
    ["flow a deny match", ALL],
    ["flow a permit match state { established, related } flow b deny match", []],
    ["flow a permit match state established flow b deny match", ALL.slice(3)],
    ["flow a deny match src 203.0.113.0/24", []],
    ["flow a permit match src 10.1.0.0/24 flow b deny match", [ALL[1] ?? "", ALL[4] ?? ""]],
    ["flow a deny match iface eth0 src 10.2.0.0/16", []],
    ["flow a deny match state new", []],
    ["flow a director web match dst 10.1.0.1", ["answers from udp port 123 of 10.1.0.5: director"]],
  ])("%s", (text, expected) => {
    expect(lost(text, facts, "replies")).toEqual(expected);
  });
});

describe("VRRP", () => {
  const links = ENDPOINTS.links.map((link) =>
    link.name === "eth1" ? { ...link, groups: ["224.0.0.18"] } : link,
  );
  const facts = machine({ vrrp: ["ip"], endpoints: { ...ENDPOINTS, links } });
  const HEARD = "all VRRP of the other routers: deny";

  it.each<[string, string[]]>([
    ["flow a deny match", [HEARD]],
    ["flow a permit match proto vrrp flow b deny match", []],
    ["flow a permit match src 10.2.0.2 proto vrrp flow b deny match", []],
    ["flow a permit match dst 10.2.0.1 flow b deny match", [HEARD]],
    ["flow a deny match iface eth0", []],
    ["flow a deny match iface eth1", [HEARD]],
    ["outflow a deny match proto vrrp", ["all VRRP of this machine: deny"]],
    ["outflow a deny match iface eth0", []],
  ])("%s", (text, expected) => {
    expect(lost(text, facts)).toEqual(expected);
  });

  it("of peers that are named one by one, where nobody has joined the group", () => {
    const unicast = machine({ vrrp: ["ip"] });
    expect(lost("flow a permit match dst 10.2.0.1 flow b deny match", unicast)).toEqual([]);
    expect(lost("flow a deny match dst 224.0.0.0/4", unicast)).toEqual([]);
    expect(lost("flow a deny match", unicast)).toEqual([HEARD]);
  });

  it("is not looked for where nobody speaks it", () => {
    expect(lost("flow a deny match", machine())).toEqual([]);
  });
});

it("what the five examples of the page lose on a machine of their own", () => {
  const links = [
    { name: "eth0", up: true, addresses: ["192.168.0.1", "192.168.0.2", "fd00::1"], groups: [] },
  ];
  const lab = machine({ host: false, endpoints: { ...ENDPOINTS, links } });
  expect(lost(FIVE_EXAMPLES, lab)).toEqual([]);
  expect(lost(FIVE_EXAMPLES, lab, "replies")).toEqual([
    "answers to whatever this machine itself opens (health checks, names, time): deny",
    "ICMPv6 errors about this machine's own connections: deny",
  ]);
});

it("what could not be read is said", () => {
  const unread = ["ss could not be asked (there is no such program)"];
  expect(notesOf(machine({ endpoints: { ...ENDPOINTS, unread } }))).toEqual(expect.arrayContaining(unread));
  const sockets: Socket[] = [];
  expect(guardedSets(machine({ endpoints: { ...ENDPOINTS, sockets, links: [] } })).guarded).toEqual([]);
});

it("of those who are connected, clients of services are nobody's way in", () => {
  const listen = (localPort: number): Socket => ({
    ...{ proto: "tcp", state: "listen", local: null, families: ["ip"], peer: null, processes: [] },
    localPort,
  });
  const connected = (localPort: number, address: string, port: number): Socket => ({
    ...listen(localPort),
    ...{ state: "established", local: "10.1.0.1", peer: { address, port } },
  });
  const sockets = [
    listen(22),
    listen(80),
    connected(80, "10.1.0.2", 40_000),
    connected(40_001, "10.1.0.3", 5432),
    connected(40_002, "127.0.0.1", 80),
    connected(22, "10.1.0.4", 40_003),
  ];
  const ssh = [{ name: "ssh", port: 22, local: null, families: ["ip" as const] }];
  const peers = peersOf({ sockets }, ssh).map(({ address, opened }) => ({ address, opened }));
  expect(peers).toEqual([
    { address: "10.1.0.4", opened: false },
    { address: "10.1.0.3", opened: true },
  ]);
});

/** The tester sends the real packet, and the kernel's own counters say which rule judged it. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { problemSchema, type Sent, sentSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

const CONFIG = `list here { 192.168.0.2, fd00::2 }

flow watch deny
  ignore proto tcp dstport 25
  match proto tcp src { 192.168.0.66, fd00::66 }

flow ssh permit
  off match
  match proto tcp dst @here dstport 22

flow dns deny
  match proto udp dstport { 53, 5353 }

flow mail director maildirect
  match proto tcp dst @here dstport { 25, 110 }

flow branch table 100
  match proto sctp
  match proto gre

flow ping permit
  match icmptype echo-request iface eth0
  match proto icmp6 icmptype echo-request iface eth0

flow tun deny
  match iface tun+

flow own deny
  match iface lo proto udp dstport 9

flow echo permit
  match iface lo proto { icmp, icmp6 }

outflow leave deny
  match proto udp dstport 123
  match iface tun0 proto tcp

outflow free permit
  match proto tcp dstport 443
`;

const V4 = { src: "192.168.0.10", dst: "192.168.0.2" };
const V6 = { src: "fd00::10", dst: "fd00::2" };
const icmp = { 4: "icmp", 6: "icmp6" } as const;

type Row = {
  what: string;
  packet: Record<string, unknown>;
  /** The namespace unless given; null: either. */
  where?: Sent["where"] | null;
  counted: [flow: string, rule: number | null] | null;
  /** Those that ended a visit and let it go on. */
  ignored?: [string, number][];
};

/** `family`: for both, with the addresses of that one. */
const rows = (family: 4 | 6): Row[] => {
  const ends = family === 4 ? V4 : V6;
  const tooBig = family === 4 ? "3/4" : "2/0";
  return [
    { what: "a permit", packet: { ...ends, proto: "tcp", dstport: 22 }, counted: ["ssh", 2] },
    { what: "a deny", packet: { ...ends, proto: "udp", dstport: 5353 }, counted: ["dns", 1] },
    {
      what: "a director, past an ignore",
      packet: { ...ends, proto: "tcp", dstport: 25 },
      counted: ["mail", 1],
      ignored: [["watch", 1]],
    },
    {
      what: "an ignore alone",
      packet: { ...ends, dst: family === 4 ? "192.168.0.1" : "fd00::1", proto: "tcp", dstport: 25 },
      counted: null,
      ignored: [["watch", 1]],
    },
    { what: "a table", packet: { ...ends, proto: "sctp", dstport: 7 }, counted: ["branch", 1] },
    { what: "no ports", packet: { ...ends, proto: "gre" }, counted: ["branch", 2] },
    {
      what: "an ICMP type",
      packet: { ...ends, proto: icmp[family], icmptype: "echo-request" },
      counted: ["ping", family === 4 ? 1 : 2],
    },
    {
      what: "an ICMP error of a director",
      packet: { ...ends, proto: icmp[family], icmptype: tooBig },
      counted: ["mail", null],
    },
    {
      what: "nobody's",
      packet: { ...ends, proto: "udp", dstport: 4000 },
      // Where no rule counts, a neighbour that asks for an address meanwhile is company.
      where: null,
      counted: null,
    },
    {
      what: "by lo",
      packet: { iface: "lo", src: ends.dst, dst: ends.dst, proto: "udp", dstport: 9 },
      counted: ["own", 1],
    },
    {
      what: "spared on lo",
      packet: { iface: "lo", src: ends.dst, dst: ends.dst, proto: "udp", dstport: 53 },
      // Nobody listens there: IPv6 answers by lo too, which is counted beside it. IPv4 takes its own source by lo for forged.
      where: family === 4 ? null : "copy",
      counted: null,
    },
    {
      what: "an interface that is not there",
      packet: { ...ends, iface: "tun7", proto: "udp", dstport: 1 },
      where: "copy",
      counted: ["tun", 1],
    },
    {
      what: "sent, and denied",
      packet: { direction: "out", src: ends.dst, dst: ends.src, proto: "udp", dstport: 123 },
      counted: ["leave", 1],
    },
    {
      what: "sent, and permitted",
      packet: { direction: "out", src: ends.dst, dst: ends.src, proto: "tcp", dstport: 443 },
      counted: ["free", 1],
    },
    {
      what: "sent by an interface that is not there",
      packet: { direction: "out", iface: "tun0", src: ends.dst, dst: ends.src, proto: "tcp", dstport: 1 },
      where: "copy",
      counted: ["leave", 2],
    },
  ];
};

describe.each(["nft", "legacy"])("%s", (backend) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ flags: ["--backend", backend] });
    const put = await lab.call("PUT", "/config", { body: CONFIG });
    expect(put.status, put.text).toBe(200);
  }, 60_000);
  afterAll(() => lab.remove());

  const send = (packet: Record<string, unknown>) =>
    lab.call("POST", "/trace/send", { body: { packet: { iface: "eth0", ...packet } } });
  const sent = async (packet: Record<string, unknown>) => {
    const answer = await send(packet);
    expect(answer.status, answer.text).toBe(200);
    return sentSchema.strict().parse(answer.json);
  };

  describe.each([4, 6] as const)("IPv%i", (family) => {
    test.each(rows(family))("$what", async ({ packet, where = "namespace", counted, ignored = [] }) => {
      const answer = await sent(packet);
      const decider = counted && { flow: counted[0], rule: counted[1], icmpErrors: counted[1] === null };
      const counters = [...ignored, ...(counted ? [counted] : [])].map(([flow, rule]) => ({ flow, rule }));
      expect(answer, answer.sentence).toMatchObject({
        ...{ arrived: true, counted: decider, counters, agrees: true },
        ...(where && { where }),
        foretold: { flow: counted?.[0] ?? null, rule: counted?.[1] ?? null },
      });
    });

    test("where the answer is counted by the same rule, apart from it", async () => {
      const { dst } = family === 4 ? V4 : V6;
      const proto = icmp[family];
      const answer = await sent({ iface: "lo", src: dst, dst, proto, icmptype: "echo-request" });
      // IPv4 takes its own source by lo for forged, and answers only what comes from 127.0.0.1.
      expect(answer).toMatchObject({ counted: { flow: "echo" }, agrees: true });
      if (family === 6) expect(answer).toMatchObject({ where: "copy" });
    });

    test("neighbour discovery is spared", async () => {
      if (family === 4) return;
      const answer = await sent({ ...V6, proto: "icmp6", icmptype: "135/0" });
      expect(answer).toMatchObject({ counted: null, agrees: true, packet: { state: "untracked" } });
    });
  });

  test("what is counted is seen in the namespace, once", async () => {
    const chain = () => lab.inside(`iptables-${backend}`, "-t", "mangle", "-L", "@ssh", "-v", "-n", "-x");
    const packets = () => Number(/^\s*(\d+)\s+\d+ ACCEPT/m.exec(chain())?.[1]);
    const before = packets();
    await sent({ ...V4, proto: "tcp", dstport: 22 });
    expect(packets()).toBe(before + 1);
  });

  test("what the kernel drops by itself came to no flow", async () => {
    const answer = await sent({ ...V6, src: "ff02::1", proto: "udp", dstport: 53 });
    expect(answer).toMatchObject({ arrived: false, counted: null, counters: [], agrees: false });
    expect(answer.foretold).toMatchObject({ flow: "dns" });
    expect(answer.sentence).toMatch(/^No flow saw it: the kernel drops such a packet/);
  });

  test("a state that one packet cannot have is refused, and its own may be named", async () => {
    const packet = { ...V4, proto: "tcp", dstport: 22 };
    const refused = await send({ ...packet, state: "established" });
    expect(refused.status).toBe(422);
    const { type, detail } = problemSchema.parse(refused.json);
    expect(type).toBe("urn:flowmgr:problem:unsendable");
    expect(detail).toContain("is new: established takes more than one packet");
    expect(await sent({ ...packet, state: "new" })).toMatchObject({ counted: { flow: "ssh" } });
    const bad = await send({ ...packet, dst: "192.168.0.300" });
    expect(bad.status).toBe(422);
    expect(problemSchema.parse(bad.json)).toMatchObject({ diagnostics: [{ path: "/packet/dst" }] });
  });

  test("one packet at a time", async () => {
    const packet = { ...V4, iface: "tun1", proto: "tcp", dstport: 22 };
    const all = await Promise.all([send(packet), send(packet), send(packet)]);
    expect(all.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  test("nothing is left behind, and nothing is drifted from", async () => {
    const before = holders();
    await sent({ ...V4, iface: "tun1", proto: "tcp", dstport: 22 });
    expect(holders()).toEqual(before);
    expect((await lab.call("POST", "/kernel/repair")).json).toMatchObject({ changed: false });
  });

  test("rules that somebody changed do not count as the tester says", async () => {
    const packet = { ...V4, proto: "tcp", dstport: 22 };
    lab.inside(`iptables-${backend}`, "-w", "5", "-t", "mangle", "-F", "@ssh");
    expect(await sent(packet)).toMatchObject({ where: "namespace", counted: null, agrees: false });
    await lab.call("POST", "/kernel/repair");
    expect(await sent(packet)).toMatchObject({ where: "namespace", agrees: true });
    lab.inside(`iptables-${backend}`, "-w", "5", "-t", "mangle", "-F", "PREROUTING");
    const lost = await sent(packet);
    expect(lost).toMatchObject({ where: "copy", counted: { flow: "ssh", rule: 2 }, agrees: false });
    expect(lost.sentence).toMatch(/^No flow saw it in the namespace/);
    await lab.call("POST", "/kernel/repair");
  });

  test("connections that the namespace knows do not disturb, where flows ask for the state", async () => {
    const body =
      "flow first permit\n  match state new proto udp dstport 53\n\nflow rest deny\n  match proto udp\n";
    await lab.call("PUT", "/config", { body });
    expect(await sent({ ...V4, proto: "udp", dstport: 53 })).toMatchObject({
      ...{ where: "copy", counted: { flow: "first", rule: 1 }, agrees: true },
    });
    // A datagram and its answer: the next one is part of a known connection, and there no longer `new`.
    const [client, server] = [`${lab.place.namespace}-client`, lab.place.namespace];
    connect(client, server);
    expect(await sent({ ...V4, proto: "udp", srcport: 4000, dstport: 53 })).toMatchObject({
      ...{ where: "copy", counted: { flow: "first", rule: 1 }, agrees: true },
    });
  });

  test("a switch of rules under way does not mix with it", async () => {
    const config = (flow: string) => `flow ${flow} permit\n  match proto tcp dstport 22\n`;
    for (const flow of ["one", "two", "three"]) {
      const [answer, put] = await Promise.all([
        send({ ...V4, proto: "tcp", dstport: 22 }),
        lab.call("PUT", "/config", { body: config(flow) }),
      ]);
      expect(put.status, put.text).toBe(200);
      const { foretold, counted, agrees } = sentSchema.parse(answer.json);
      expect(agrees).toBe(true);
      expect(counted?.flow ?? null).toBe(foretold.flow);
    }
  });
});

/** Processes of ours that could hold a namespace: one holds the data directory, and no more. */
function holders(): string[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
  return children.filter((pid) => {
    try {
      return ["cat", "unshare"].includes(readFileSync(`/proc/${pid}/comm`, "utf8").trim());
    } catch {
      return false;
    }
  });
}

/** One datagram from the client to port 53 and one back, by perl. */
function connect(client: string, server: string): void {
  const script = `use Socket;
my ($me, $at, $peer, $to) = @ARGV;
socket(my $s, AF_INET, SOCK_DGRAM, 0); bind($s, pack_sockaddr_in($at, inet_aton($me))) or die $!;
send($s, "x", 0, pack_sockaddr_in($to, inet_aton($peer))) or die $!;`;
  const run = (namespace: string, ...ends: string[]) =>
    execFileSync("ip", ["netns", "exec", namespace, "perl", "-e", script, ...ends]);
  run(client, "192.168.0.10", "4000", "192.168.0.2", "53");
  run(server, "192.168.0.2", "53", "192.168.0.10", "4000");
}

/** Directors end to end: from a config put by REST to the answers that a client gets from real servers behind IPVS. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { countersSchema } from "../../packages/flow-api/src/index.ts";
import {
  ADDRESSES,
  ask,
  type Connection,
  connection,
  documented,
  eventually,
  health,
  killAndRestart,
  LOCAL,
  MAIL,
  put,
  rest,
  SENT,
  shell,
} from "./lab.ts";

const [NAT = ""] = documented("NAT");
const [DIRECT = ""] = documented("Direct routing");

/** Of two servers in turn, the first by NAT and the second by direct routing. */
const BOTH = `${NAT.split("\n")[0]}
ipvsadm -A -f 256 -s rr
ipvsadm -a -f 256 -r 192.168.1.10 -m
ipvsadm -a -f 256 -r 192.168.0.22 -g
ipvsadm -A -f 256 -6 -s rr
ipvsadm -a -f 256 -6 -r fd00:0:0:1::10 -m
ipvsadm -a -f 256 -6 -r fd00::22 -g`;

const isIpv6 = (address: string) => address.includes(":");

beforeEach(() => shell("ipvsadm -C"));

/** Four connections of their own to four ports; sorted, since either server may be the first. */
async function answers(address: string): Promise<string[]> {
  const who: string[] = [];
  for (const port of [25, 110, 143, 25]) who.push(await ask(address, port));
  const [first = "", second = "", ...rest] = who.map((each) => each.slice(0, 5));
  assert.notEqual(first, second, `${address}: two servers in turn`);
  assert.deepEqual(rest, [first, second], `${address}: two servers in turn`);
  return who;
}

/** What works is told as working, down to the last line. */
async function allIsWell(): Promise<void> {
  const lines = await health();
  assert.ok(lines.length > 5);
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("ok ")),
    [],
  );
}

test("NAT: an own and a foreign address, two real servers in turn, each asked at the client's port", async () => {
  shell(NAT);
  for (const address of ADDRESSES) {
    const at = isIpv6(address) ? "fd00:0:0:1::1" : "192.168.1.1";
    const ports = [25, 110, 143, 25];
    for (const [index, who] of (await answers(address)).entries()) {
      const real = who.slice(4, 5);
      assert.equal(who, `real${real} ${at}${Number(real) - 1} ${ports[index]}`);
    }
  }
  await allIsWell();
});

test("direct routing: the same, asked at the client's address, and nothing is forwarded", async () => {
  shell(`sysctl -w net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0\n${DIRECT}`);
  for (const address of ADDRESSES) {
    const ports = [25, 110, 143, 25];
    for (const [index, who] of (await answers(address)).entries()) {
      assert.equal(who.slice(6), `${address} ${ports[index]}`);
    }
  }
  await allIsWell();
});

test("a connection lives on over an edit, a reorder, an edit of its own flow, and the end of our program", async () => {
  shell(BOTH);
  const connections: Connection[] = [];
  for (const address of ADDRESSES) {
    const two = [await connection(address, 25), await connection(address, 25)];
    assert.equal(new Set(two.map(({ who }) => who)).size, 2, `${address}: one by NAT, one by direct routing`);
    connections.push(...two);
  }
  const allAnswer = async () => {
    for (const { who, ask } of connections) assert.equal(await ask(), who);
  };
  // Another director stands in front now; a mark by order would be another one.
  const other = "flow other director other\n  match proto tcp dst 203.0.113.9 dstport 25\n";
  await put(other + MAIL + SENT);
  await allAnswer();
  await put(MAIL + SENT + other);
  await allAnswer();
  await put(other + SENT + MAIL.replace(LOCAL[0], `203.0.113.1, ${LOCAL[0]}`));
  await allAnswer();
  await killAndRestart(allAnswer);
  await allAnswer();
  for (const { close } of connections) close();
  for (const address of ADDRESSES) await answers(address);
});

const OTHERS = ["iptables", "ip6tables"].flatMap((tool) => [
  `${tool} -t mangle -I PREROUTING -j MARK --or-mark 0x1`,
  `${tool} -t mangle -A PREROUTING -j MARK --or-mark 0x2`,
  `${tool} -t nat -A PREROUTING -j MARK --or-mark 0x10000`,
  `${tool} -t mangle -I INPUT -m mark --mark 0x10101`,
  `${tool} -I INPUT -m mark --mark 0x3/0xff -j ACCEPT`,
]);

/** How many packets a rule of mangle INPUT has seen in both families. */
function seenIn(words: string): number {
  const saved = shell("iptables-save -c -t mangle; ip6tables-save -c -t mangle");
  const counts = [...saved.matchAll(/^\[(\d+):\d+\] -A INPUT (.*)$/gm)];
  return counts.reduce((sum, [, packets, rule]) => sum + (rule === words ? Number(packets) : 0), 0);
}

test("bits of others in the mark, set before ours and behind: they last up to IPVS, which sees ours alone", async (t) => {
  shell(BOTH);
  shell(OTHERS.join("\n"));
  t.after(() => shell(OTHERS.map((line) => line.replace(/ -[AI] /, " -D ")).join("\n")));
  for (const address of ADDRESSES) await answers(address);
  // The bit that the first rule set, ours, and the one of nat, which a connection's first packet passes.
  assert.ok(seenIn("-m mark --mark 0x10101") >= 4 * ADDRESSES.length);
  // What no flow decides keeps all of them, and comes to the machine's own listener.
  assert.equal(await ask("192.168.0.1", 25), "balancer 192.168.0.1 25");
  // And so would all the rest without our rule in INPUT.
  shell("iptables -t mangle -F DIRECTORS");
  assert.equal(await ask(LOCAL[0], 25), `balancer ${LOCAL[0]} 25`);
  assert.match((await health()).join("\n"), /^warning mark: chain DIRECTORS is not as it should be/m);
  await rest("POST", "/kernel/repair");
  await answers(LOCAL[0]);
});

/** Packets that a flow has counted, and those of its ICMP errors; they may be some seconds old. */
async function counted(name: string): Promise<{ packets: number; errors: number }> {
  const { flows } = countersSchema.parse(await rest("GET", "/running/counters"));
  const flow = flows.find((one) => one.name === name) ?? assert.fail(`no flow ${name}`);
  return { packets: flow.packets, errors: flow.icmpErrors?.packets ?? 0 };
}

test("ICMP 'fragmentation needed' from a router in front finds the connection's server", async (t) => {
  shell(BOTH);
  // Nobody but the router knows that so little goes through; it sends an error for each packet, not one a second.
  shell(
    "sysctl -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0; ip link set client0 mtu 1300",
    "router",
  );
  t.after(() => shell("ip link set client0 mtu 1500", "router"));
  const before = await counted("mail");
  for (const address of ADDRESSES) {
    for (const real of ["real1", "real2"]) shell("ip -4 route flush cache; ip -6 route flush cache", real);
    const two = [await connection(address, 25), await connection(address, 25)];
    for (const { who, ask, close } of two) {
      assert.equal(await ask(100_000), who);
      close();
    }
  }
  await eventually(async () => {
    const { errors } = await counted("mail");
    assert.ok(errors >= before.errors + 2 * ADDRESSES.length);
  });
});

test("NAT to a real server with a port rewrites every port of the mark to it, and health says so", async () => {
  shell("ipvsadm -A -f 256 -s rr\nipvsadm -a -f 256 -r 192.168.1.10:110 -m");
  assert.equal(await ask(LOCAL[0], 25), "real1 192.168.1.10 110");
  assert.match(
    (await health()).join("\n"),
    /^\w+ servers: .*192\.168\.1\.10:110 \(Masq, every port becomes 110, weight 1\)/m,
  );
});

test("an outflow sees what IPVS sends on, as it comes to the real server", async () => {
  shell(BOTH);
  const before = { nat: await counted("nat"), direct: await counted("direct") };
  await answers(LOCAL[0]);
  await eventually(async () => {
    for (const name of ["nat", "direct"] as const) {
      assert.ok((await counted(name)).packets > before[name].packets, name);
    }
  });
});

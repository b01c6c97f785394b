/**
 * Traffic at full speed beside a witness, which tells of every packet how it was judged.
 *
 * Two configs of opposite shape: each flow that both have holds other rules in each, the main chain has another order,
 * flows come and go with their chains. Three kinds of packets tell a mix: `denied` is denied by both configs, each time
 * in another chain; `permitted` is permitted by both, and whatever two chains of different configs stand together
 * either deny it or let `denied` pass; `marked` has one of two marks. Rules of others in raw, before our flows, and in
 * filter, behind them, count what comes and what arrives.
 */
import type { Program } from "@flowmgr/flow-compiler";
import { expect, onTestFinished } from "vitest";
import type { FramePacket } from "../src/testing.ts";
import { type Lab, program } from "./lab.ts";

const KINDS = { denied: 1001, permitted: 1002, marked: 1003 } as const;
type Kind = keyof typeof KINDS;
const kinds: Kind[] = ["denied", "permitted", "marked"];

/** Flows beside, so that the switch has something to carry; `shape` gives the rest of one. */
const beside = (shape: (at: number) => string) =>
  Array.from({ length: 20 }, (_, at) => `flow beside${at} ${shape(at)}`);

/** By ports; a packet goes its way from mark to permit to deny. */
const ONE = [
  ...beside((at) => `deny match proto tcp dstport ${at + 1}`),
  "flow once table 77 match proto udp dstport 1003",
  "flow x permit match proto udp dstport 1002",
  "flow y deny match proto udp",
].join("\n");

/** By sources; the same chains hold the opposite, and lists that need chains of their own. */
const OTHER = [
  "flow y permit match src { 10.0.0.12, fd00::12 }",
  "flow other table 78 match src { 10.0.0.13, fd00::13 }",
  "flow x deny match dst { 10.0.0.1, fd00::1 }",
  ...beside((at) => `permit match src 10.1.${at}.0/24 not proto { tcp, gre }`).reverse(),
].join("\n");

const MARKS = { one: "0x100/0xff00", other: "0x200/0xff00" };

export const PROGRAMS: [one: Program, other: Program] = [
  program(ONE, {}, { directors: {}, tables: { 77: 1 } }),
  program(OTHER, {}, { directors: {}, tables: { 78: 2 } }),
];

/** The same kinds by lists alone, each of which is a set: nearly the same rules, and other contents. */
export const LISTED: [one: Program, other: Program] = [
  program(
    `flow once table 77 match src { 10.0.0.13, 10.0.0.99, fd00::13, fd00::99 }
flow x permit match src { 10.0.0.12, 10.0.0.13, 10.0.0.99, fd00::12, fd00::13, fd00::99 }
flow y deny match not src { 10.0.0.12, 10.0.0.14, fd00::12, fd00::14 }`,
    { largeList: 1 },
    { directors: {}, tables: { 77: 1 } },
  ),
  program(
    `flow once table 78 match src { 10.0.0.13, 10.0.0.98, fd00::13, fd00::98 }
flow y permit match not src { 10.0.0.11, 10.0.0.13, fd00::11, fd00::13 }
flow x deny match dst { 10.0.0.1, 10.0.0.9, fd00::1, fd00::9 }`,
    { largeList: 1 },
    { directors: {}, tables: { 78: 2 } },
  ),
];

const PACKETS: FramePacket[] = ([4, 6] as const).flatMap((family) =>
  kinds.map((kind, at) => {
    // 10.0.0.11 and fd00::11, and so on.
    const network = family === 4 ? 0x0a00_0000n : 0xfd00n << 112n;
    const src = network | BigInt(family === 4 ? 11 + at : 0x11 + at);
    return { family, proto: 17, src, dst: network | 1n, srcport: 4000, dstport: KINDS[kind] };
  }),
);

async function makeWitness({ ns, iptables, ip6tables }: Lab): Promise<void> {
  await ns.wire("eth0", ["10.0.0.1/24", "fd00::1/64"]);
  const udp = (kind: Kind) => `-p udp -m udp --dport ${KINDS[kind]}`;
  const lines = [
    "*raw",
    ...kinds.map((kind) => `-A PREROUTING ${udp(kind)}`),
    "COMMIT",
    "*filter",
    ...Object.values(MARKS).map((mark) => `-A INPUT ${udp("marked")} -m mark --mark ${mark} -j DROP`),
    ...kinds.map((kind) => `-A INPUT ${udp(kind)} -j DROP`),
    "COMMIT",
  ];
  for (const tool of [iptables, ip6tables]) {
    await ns.must([`${tool}-restore`, "--noflush"], { stdin: `${lines.join("\n")}\n` });
  }
}

/** What came to the machine and what arrived behind our flows, per kind; `marks`: those with either mark. */
type Witnessed = { came: Record<Kind, number>; arrived: Record<Kind, number>; marks: number[] };

async function witnessed({ ns }: Lab, tool: string): Promise<Witnessed> {
  const saved = await ns.must([`${tool}-save`, "-c"]);
  const count = (rule: string) => {
    const escaped = rule.replaceAll(".", "\\.");
    const found = new RegExp(`^\\[(\\d+):\\d+\\] -A ${escaped}$`, "m").exec(saved);
    if (found === null) throw new Error(`no rule ${rule} in ${saved}`);
    return Number(found[1]);
  };
  const of = (rule: (port: number) => string) => ({
    denied: count(rule(KINDS.denied)),
    permitted: count(rule(KINDS.permitted)),
    marked: count(rule(KINDS.marked)),
  });
  return {
    came: of((port) => `PREROUTING -p udp -m udp --dport ${port}`),
    arrived: of((port) => `INPUT -p udp -m udp --dport ${port} -j DROP`),
    marks: Object.values(MARKS).map((mark) =>
      count(`INPUT -p udp -m udp --dport ${KINDS.marked} -m mark --mark ${mark} -j DROP`),
    ),
  };
}

export const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

/**
 * Works while packets come, from the moment that a config of the two is in force. `wrong`: packets that none of them
 * judges so, in each family; `first`: the one in force at the beginning; `came`: all of them; `during`: those that came by while it worked.
 */
export async function underTraffic(lab: Lab, work: () => Promise<void>, first = PROGRAMS[1]) {
  await makeWitness(lab);
  await lab.kernel.apply(first);
  const stop = lab.ns.stream("eth0", PACKETS);
  onTestFinished(async () => void (await stop()));
  const both = () => Promise.all([lab.iptables, lab.ip6tables].map((tool) => witnessed(lab, tool)));
  const began = async () => (await both()).every(({ came }) => came.marked > 0);
  await expect.poll(began, { timeout: 30_000 }).toBe(true);
  const seen = await both();
  await work();
  const sent = await stop();
  const now = await both();
  const total = (each: Witnessed) => sum(Object.values(each.came));
  return {
    sent,
    came: sum(now.map(total)),
    during: sum(now.map(total)) - sum(seen.map(total)),
    marks: now.map(({ marks }) => marks),
    wrong: now.map(({ came, arrived, marks }) => ({
      denied: arrived.denied,
      permitted: came.permitted - arrived.permitted,
      marked: came.marked - sum(marks),
    })),
  };
}

/** Of `wrong`, for a family in which all went right. */
export const NONE = { denied: 0, permitted: 0, marked: 0 };

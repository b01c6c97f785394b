/**
 * The tree of many flows: a packet comes to every flow that can decide it, in the order of the config, whatever is
 * asked on the way. Compared with the row of all flows, which other tests hold against the language.
 */
import {
  type Config,
  expandLists,
  type Flow,
  flowsOf,
  type Packet,
  parse,
  parseIPv6,
  parsePacketLine,
  printPacket,
} from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { assignMarks, type CompileOptions, compile, type FamilyProgram, type Program } from "../src/index.ts";
import { configs, options, packets, portFlows } from "./arbitrary.ts";
import { pass } from "./packets.ts";

/** A row of one flow is a tree already, and every question that changes anything is asked. */
const SPLIT_ALL = { longestRow: 1, dearRow: Number.POSITIVE_INFINITY, cheapRow: 1 };
const ROW_ONLY = { longestRow: Number.POSITIVE_INFINITY, dearRow: Number.POSITIVE_INFINITY, cheapRow: 0 };

function programOf(config: Config, settings: CompileOptions): Program {
  const assigned = assignMarks(config, { directors: {}, tables: {} }, settings);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, settings);
}

/** Some configs in one, their flows in turn, under names of their own. */
function joined(all: readonly Config[]): Config {
  const named = all.map((config, index) => flowsOf(expandLists(config)).map((flow) => rename(flow, index)));
  const longest = Math.max(0, ...named.map((items) => items.length));
  const turns = Array.from({ length: longest }, (_, at) => named.flatMap((items) => items[at] ?? []));
  return { items: turns.flat(), comment: [] };
}

function rename(flow: Flow, index: number): Flow {
  return { ...flow, name: `${flow.name.slice(0, 20)}-${index}` };
}

const many = fc
  .tuple(fc.array(configs, { minLength: 1, maxLength: 5 }), portFlows)
  .map(([all, ports]) => joined([...all, ports]));

test("gives each packet the verdict, the mark and the counts of the row", { timeout: 300_000 }, () => {
  const property = fc.property(
    many,
    options,
    fc.array(packets, { minLength: 15, maxLength: 15 }),
    (config, settings, all) => {
      const row = programOf(config, { ...settings, dispatch: ROW_ONLY });
      const tree = programOf(config, { ...settings, dispatch: SPLIT_ALL });
      for (const packet of all) compare(config, row, tree, packet);
    },
  );
  fc.assert(property, { numRuns: Number(process.env.FLOWMGR_RUNS ?? 600) });
});

test("does so among flows of which some name a source and some a destination", () => {
  const config = manyFlows(600);
  const settings = { ...SETTINGS, markMask: 0xffff_0000 };
  const row = programOf(config, { ...settings, dispatch: ROW_ONLY });
  const tree = programOf(config, settings);
  expect(tree.ip.chains.some(({ rules }) => rules.some(({ words }) => / ! -d .* -j FLOWS/.test(words)))).toBe(
    true,
  );
  for (let at = 0; at < 600; at += 1) {
    // To a service of each flow, from a source that the flow before, this one, or the one behind names.
    const packet = parsePacketLine(
      `tcp 10.${(at + (at % 3) - 1) >> 8}.${(at + (at % 3) - 1) & 255}.9:4000 -> 172.16.${at >> 8}.${at & 255}:22 in eth0`,
    );
    if ("ok" in packet) compare(config, row, tree, packet.ok);
  }
});

function compare(config: Config, row: Program, tree: Program, packet: Packet): void {
  const hook = packet.direction === "in" ? "PREROUTING" : "OUTPUT";
  const [plain, told] = [row, tree].map((program) => {
    const family = packet.family === 4 ? program.ip : program.ip6;
    return family && pass(family, hook, packet, 0, program.sets);
  });
  if (!plain || !told) return;
  const what = printPacket(packet);
  expect([told.verdict, told.mark], what).toEqual([plain.verdict, plain.mark]);
  // What only an ignore takes need not come to the flow at all.
  const deciding = (counted: typeof plain.counted) => counted.filter((source) => !isIgnore(config, source));
  expect(deciding(told.counted), what).toEqual(deciding(plain.counted));
  expect(plain.counted, what).toEqual(expect.arrayContaining(told.counted));
  expect(new Set(told.counted.map((source) => JSON.stringify(source))).size, what).toBe(told.counted.length);
}

function isIgnore(config: Config, { flow, rule }: { flow: string; rule: number | null }): boolean {
  const found = flowsOf(config).find(({ name }) => name === flow);
  return rule !== null && found?.rules[rule - 1]?.verb === "ignore";
}

const SETTINGS: CompileOptions = {
  ipv6: true,
  markMask: 0xff00,
  loopback: "spare",
  neighbours: "spare",
  jump: "first",
  defragment: "off",
};

/** Chains on the longest way from a main chain, the chain itself counted. */
function depthOf({ chains }: FamilyProgram, from: string): number {
  const byName = new Map(chains.map(({ name, rules }) => [name, rules]));
  const below = (byName.get(from) ?? []).flatMap(({ words }) => / -[jg] (\S+)/.exec(` ${words}`)?.[1] ?? []);
  return (
    1 +
    Math.max(
      0,
      ...below.filter((name) => byName.has(name)).map((name) => depthOf({ chains } as FamilyProgram, name)),
    )
  );
}

test("is never deeper than nft allows, and its chains have names of their own that iptables takes", () => {
  // Each network lies in the one before it, so that every bit could be asked for.
  const nested = Array.from(
    { length: 120 },
    (_, at) => `flow n${at} deny match dst 2001:db8:ffff::/${Math.min(128, 8 + at)}`,
  );
  const wide = Array.from(
    { length: 300 },
    (_, at) =>
      `flow w${at} permit match proto { tcp, udp } dst 10.${at % 256}.${at}.0/${24 + (at % 9)} src 172.${at % 16}.0.0/${12 + (at % 20)} dstport ${at}`,
  );
  const { config } = parse([...nested, ...wide.map((text) => text.replace(/\.(\d{3})\./, ".7."))].join("\n"));
  const program = programOf(config, SETTINGS);
  for (const family of [program.ip, program.ip6]) {
    if (!family) throw new Error("no IPv6");
    expect(depthOf(family, "FLOWS")).toBeLessThanOrEqual(15);
    const names = family.chains.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.length > 28)).toEqual([]);
  }
});

test("says in its names which packets a chain is for", () => {
  const flows = Array.from(
    { length: 100 },
    (_, at) => `flow f${at} permit match proto tcp dst 192.168.${at}.2 dstport 25`,
  );
  const { ip } = programOf(parse(flows.join("\n")).config, SETTINGS);
  const of = (name: string) =>
    ip.chains.find((chain) => chain.name === name)?.rules.map(({ words }) => words);
  expect(of("FLOWS")?.slice(0, 3)).toEqual([
    "-i lo -j RETURN",
    "-d 192.168.0.0/20 -g FLOWS-192.168.0.0/20",
    "-d 192.168.16.0/20 -g FLOWS-192.168.16.0/20",
  ]);
  expect(of("FLOWS-192.168.16.0/20")?.[0]).toBe("-d 192.168.16.2/32 -j @f16");
});

/** How many rules of the tree ask a packet to this address something, until it is in the chain of its flow. */
function askedOnTheWay(chains: ReadonlyMap<string, readonly string[]>, to: string): number {
  const bits = (address: string) => parseIPv6(address) ?? 0n;
  let asked = 0;
  const isThere = (name: string): boolean => {
    for (const words of chains.get(name) ?? []) {
      asked += 1;
      const [, network = "", length = "", target = ""] = /^-d (\S+)\/(\d+) -[jg] (\S+)$/.exec(words) ?? [];
      if (network === "" || (bits(network) ^ bits(to)) >> BigInt(128 - Number(length)) !== 0n) continue;
      return target.startsWith("@") || isThere(target);
    }
    return false;
  };
  expect(isThere("FLOWS"), to).toBe(true);
  return asked;
}

test("asks few things of a packet of IPv6, where each costs much", () => {
  const addresses = Array.from({ length: 2048 }, (_, at) => {
    const mixed = Math.imul(at, 2_654_435_761) >>> 0;
    return `2001:db8:${(mixed >>> 16).toString(16)}:${(mixed & 0xffff).toString(16)}::${(at + 1).toString(16)}`;
  });
  const text = addresses.map((dst, at) => `flow f${at} permit match proto tcp dst ${dst} dstport 25`);
  const { ip6 } = programOf(parse(text.join("\n")).config, SETTINGS);
  const chains = new Map(ip6?.chains.map(({ name, rules }) => [name, rules.map(({ words }) => words)]));
  const counts = addresses.map((address) => askedOnTheWay(chains, address));
  // Four bits a question make it 23 on average.
  expect(counts.reduce((sum, count) => sum + count, 0) / counts.length).toBeLessThan(17);
  expect(Math.max(...counts)).toBeLessThan(30);
});

test("a guard for an address that is no other flow's asks for nothing else", () => {
  const { ip } = programOf(
    parse(`flow one permit match proto tcp dst 10.0.0.1 dstport 25 match proto tcp dst 10.0.0.1 dstport 26
    flow two permit match proto tcp dst 10.0.0.2 dstport 25
    flow both permit match proto udp dst 10.0.0.2 dstport 25
    flow network permit match proto udp dst 10.1.0.0/16 dstport 25
    flow from permit match proto udp src 10.0.0.3 dst 10.2.0.0/16 dstport 25`).config,
    SETTINGS,
  );
  expect(ip.chains[0]?.rules.map(({ words }) => words)).toEqual([
    "-i lo -j RETURN",
    "-d 10.0.0.1/32 -j @one",
    "-d 10.0.0.2/32 -p tcp -j @two",
    "-d 10.0.0.2/32 -p udp -j @both",
    "-d 10.1.0.0/16 -p udp -j @network",
    "-s 10.0.0.3/32 -d 10.2.0.0/16 -j @from",
  ]);
});

test.each([
  ["proto tcp dstport 22", 0],
  ["proto icmp6 icmptype 128", 0],
  ["proto icmp6", 9],
  ["not proto tcp", 9],
  ["not proto icmp6", 0],
  ["src 2001:db8::/32", 9],
])("neighbour discovery is told apart where a flow would take it: %s", (asked, guards) => {
  const { ip6 } = programOf(parse(`flow one deny match ${asked}`).config, SETTINGS);
  const told = ip6?.chains[0]?.rules.filter(({ words }) =>
    /^-p ipv6-icmp .*-[jg] (RETURN|FLOWS-)/.test(words),
  );
  expect(told?.length).toBe(guards);
});

/** Flows for one port of any address, among flows for one address. */
function amongServices(ports: readonly number[], rule: (at: number) => string): Config {
  const services = Array.from({ length: 200 }, (_, at) => `flow s${at} permit match ${rule(at)}`);
  const every = Math.floor(services.length / ports.length);
  for (const [at, port] of ports.entries()) {
    services.splice(at * (every + 1), 0, `flow p${at} deny match proto tcp dstport ${port}`);
  }
  return parse([...services, "flow rest deny match"].join("\n")).config;
}

const PORTS = Array.from({ length: 100 }, (_, at) => 5000 + 7 * at);

test("flows for a port of any address are one jump on each way, where no other flow is for the port", () => {
  const config = amongServices(PORTS, (at) => `proto tcp dst 10.${at}.0.1 dstport 25`);
  const { ip } = programOf(config, SETTINGS);
  const jumps = ip.chains.flatMap(({ name, rules }) =>
    rules.filter(({ words }) => / -j @p\d+$/.test(words)).map(() => name),
  );
  expect(jumps.length).toBe(PORTS.length);
  expect(jumps.filter((name) => !name.startsWith("FLOWS-behind-tcp"))).toEqual([]);
  const rest = ip.chains.find(({ name }) => name === "FLOWS")?.rules.slice(-2);
  expect(rest?.map(({ words }) => words)).toEqual([
    expect.stringMatching(/^-p tcp -m multiport --dports 5000:\d+,\S*,5693 -j FLOWS-behind-tcp$/),
    "-j @rest",
  ]);
});

test("flows for a port stay before those that take the port too, all at once where they are first", () => {
  const last = amongServices(
    PORTS,
    (at) => `proto tcp dst 10.${at}.0.1 dstport ${at < 150 ? 25 : "5000:5035"}`,
  );
  const of = (config: Config) =>
    programOf(config, SETTINGS).ip.chains.flatMap(({ name, rules }) =>
      rules.flatMap(({ words }) => (words.endsWith("-j @p0") ? [name] : [])),
    );
  expect(of(last)).toEqual(["FLOWS-before-tcp"]);
  const between = amongServices(PORTS, (at) => `dst 10.${at}.0.1`);
  expect(of(between).length).toBeGreaterThan(1);
});

test("is a row, in the order of the config, as long as there are few flows", () => {
  const flows = Array.from({ length: 32 }, (_, at) => `flow f${at} permit match dst 192.168.${at}.2`);
  const { ip } = programOf(parse(flows.join("\n")).config, SETTINGS);
  expect(ip.chains.filter(({ name }) => name.startsWith("FLOWS")).map(({ name }) => name)).toEqual(["FLOWS"]);
});

const WIDE = Array.from({ length: 16 }, (_, at) => 2000 + 10 * at).join(", ");

test.each([
  [
    "the flow that is passed",
    22,
    `flow p1 deny match proto tcp dstport 22
    flow p2 deny match proto tcp dstport 24
    flow p3 deny match proto tcp dstport 26
    flow keeps permit ignore proto tcp dst 10.1.2.3 dstport 22 match proto tcp dst 10.1.2.3 dstport 23`,
  ],
  [
    "the flow that passes others",
    2005,
    `flow q1 permit match proto tcp dst 10.1.2.3 dstport { 2005, 3000 }
    flow q2 deny ignore proto tcp dstport 2005 match proto tcp dstport { ${WIDE} }
    flow q3 deny match proto tcp dstport 2001
    flow q4 deny match proto tcp dstport 2002
    flow q5 deny match proto tcp dstport 2003
    flow q6 permit match dst 10.1.2.4`,
  ],
])("an ignore of %s counts no packet that an earlier flow decides", (_what, port, text) => {
  const { config } = parse(text);
  const packet = parsePacketLine(`tcp 192.0.2.1:4000 -> 10.1.2.3:${port} in eth0`);
  if ("error" in packet) throw new Error(packet.error.message);
  const [row, ...trees] = [ROW_ONLY, SPLIT_ALL, { ...SPLIT_ALL, cheapRow: 1000 }].map((dispatch) =>
    pass(programOf(config, { ...SETTINGS, dispatch }).ip, "PREROUTING", packet.ok, 0),
  );
  for (const tree of trees) expect(tree).toEqual(row);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Conditions,
  configSchema,
  familiesOf,
  flowsOf,
  icmpErrorDestinations,
  type MeaningOptions,
  parse,
  parsePacketLine,
  printAddress,
  protocolsThatCarryPorts,
  ruleHolds,
  takesIcmpError,
} from "../src/index.ts";
import { arbitraryConfig, arbitraryPacket } from "../src/testing.ts";

function packet(line: string) {
  const parsed = parsePacketLine(line);
  if ("error" in parsed) throw new Error(`${parsed.error.message}: ${parsed.error.help}`);
  return parsed.ok;
}

function rule(conditions: string) {
  const [flow] = flowsOf(parse(`flow a permit match ${conditions}`).config);
  if (!flow?.rules[0]) throw new Error("no rule");
  return flow.rules[0];
}

const TCP = "tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0";
const TCP6 = "tcp [2001:db8::1]:4000 -> [2001:db8::2]:25 in eth0";
const SCTP = "sctp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0";
const GRE = "gre 10.0.0.1 -> 192.168.0.2 in eth0";
const PING = "icmp 10.0.0.1 -> 192.168.0.2 type 8/0 in eth0";
const PING6 = "icmp6 2001:db8::1 -> 2001:db8::2 type 128/0 in eth0";
const SOLICIT = "icmp6 fe80::1 -> ff02::1 type 135/0 in eth0";
const LO = "tcp 127.0.0.1:4000 -> 127.0.0.1:25 in lo";

/** Packet, conditions, and the condition that fails; null: the rule holds. */
const ROWS: [string, string, string | null][] = [
  ["", TCP, null],
  ["", PING6, null],
  ["iface eth0", TCP, null],
  ["iface eth+", TCP, null],
  ["iface eth1", TCP, "iface"],
  ["not iface eth+", TCP, "iface"],
  ["proto tcp", TCP, null],
  ["proto 6", TCP6, null],
  ["not proto tcp", TCP, "proto"],
  ["not proto tcp", PING6, null],
  ["proto icmp", PING, null],
  ["proto icmp", PING6, "proto"],
  ["proto 58", PING6, null],
  ["src 10.0.0.0/8", TCP, null],
  ["src 10.0.0.0/8", TCP6, "src"],
  ["not src 10.0.0.0/8", TCP, "src"],
  ["not src 11.0.0.0/8", TCP, null],
  // An address condition, negated or not, is for a family of its list.
  ["not src 11.0.0.0/8", TCP6, "src"],
  ["not dst 2001:db8::1", TCP6, null],
  ["dst 192.168.0.2 src 10.0.0.2", TCP, "src"],
  ["dstport 25", TCP, null],
  ["dstport 20:25 srcport 4000:", TCP, null],
  ["dstport 25 srcport :3999", TCP, "srcport"],
  ["not dstport 25", TCP, "dstport"],
  ["not dstport 22", TCP, null],
  // Port conditions, negated or not, are for packets with ports; sctp only where it is named.
  ["not dstport 22", PING, "dstport"],
  ["not dstport 22", GRE, "dstport"],
  ["dstport 25", SCTP, "dstport"],
  ["not dstport 22", SCTP, "dstport"],
  ["not proto tcp dstport 25", SCTP, "dstport"],
  ["proto sctp dstport 25", SCTP, null],
  ["proto 132 not dstport 22", SCTP, null],
  ["icmptype 8", PING, null],
  ["icmptype 8/1", PING, "icmptype"],
  ["icmptype echo-request", PING, null],
  ["icmptype any", PING, null],
  ["not icmptype 0", PING, null],
  ["not icmptype 0", TCP, "icmptype"],
  // Without proto icmp6, icmptype is IPv4's.
  ["icmptype 128", PING6, "icmptype"],
  ["not icmptype 0", PING6, "icmptype"],
  ["proto icmp6 icmptype 128", PING6, null],
  // What is spared.
  ["", LO, "spared"],
  ["iface lo", LO, null],
  ["iface lo+", LO, null],
  ["iface +", LO, "spared"],
  ["iface l+", LO, "spared"],
  ["not iface eth0", LO, "spared"],
  ["dstport 22", LO, "dstport"],
  ["", SOLICIT, "spared"],
  ["dst ff02::/16", SOLICIT, "spared"],
  ["proto icmp6", SOLICIT, null],
  ["proto 58 icmptype 135", SOLICIT, null],
  ["not proto tcp", SOLICIT, "spared"],
];

describe("a rule holds", () => {
  it.each(ROWS)("match %s for %s: fails by %s", (conditions, line, failed) => {
    const held = ruleHolds(rule(conditions), packet(line));
    expect(held).toEqual(failed === null ? { holds: true } : { holds: false, failed });
  });

  it("spares ICMPv6 130 to 137 and 143, and no other type", () => {
    const spared = Array.from({ length: 256 }, (_, type) => type).filter((type) => {
      const held = ruleHolds(rule(""), packet(`icmp6 fe80::1 -> ff02::1 type ${type}/0 in eth0`));
      return !held.holds && held.failed === "spared";
    });
    expect(spared).toEqual([130, 131, 132, 133, 134, 135, 136, 137, 143]);
  });

  it("judges by the letter when told to", () => {
    const letter: MeaningOptions = { loopback: "judge", neighbours: "judge" };
    expect(ruleHolds(rule(""), packet(LO), letter)).toEqual({ holds: true });
    expect(ruleHolds(rule(""), packet(SOLICIT), letter)).toEqual({ holds: true });
    expect(ruleHolds(rule(""), packet(SOLICIT), { loopback: "judge", neighbours: "spare" }).holds).toBe(
      false,
    );
    expect(ruleHolds(rule(""), packet(LO), { loopback: "spare", neighbours: "judge" }).holds).toBe(false);
  });

  it("takes any of a list, and negates the whole of it", () => {
    const held = (conditions: Record<string, unknown>, line: string) => {
      const config = configSchema.parse({
        items: [{ kind: "flow", name: "a", rules: [{ verb: "match", conditions }] }],
      });
      const [only] = flowsOf(config)[0]?.rules ?? [];
      return only ? ruleHolds(only, packet(line)).holds : null;
    };
    const both = ["10.0.0.0/8", "2001:db8::/32"];
    expect(held({ src: both }, TCP)).toBe(true);
    expect(held({ src: both }, TCP6)).toBe(true);
    expect(held({ src: { not: true, values: both } }, TCP6)).toBe(false);
    expect(held({ src: { not: true, values: ["11.0.0.0/8", "2001:db8:1::/48"] } }, TCP6)).toBe(true);
    expect(held({ dstport: ["22", "25"] }, TCP)).toBe(true);
    expect(held({ dstport: { not: true, values: ["22", "25"] } }, TCP)).toBe(false);
    expect(held({ state: ["new"] }, TCP)).toBe(true);
    expect(held({ state: "not new" }, `${TCP} state established`)).toBe(true);
    expect(held({ iface: ["eth1", "lo"] }, LO)).toBe(true);
  });

  it("never throws, whatever the values are", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom("src", "dstport", "proto", "icmptype"), fc.string()),
        (values) => {
          const conditions: Conditions = {};
          for (const kind of ["src", "dstport", "proto", "icmptype"] as const) {
            if (values[kind] !== undefined) conditions[kind] = { not: false, values: [values[kind]] };
          }
          expect(typeof ruleHolds({ conditions }, packet(TCP)).holds).toBe("boolean");
        },
      ),
    );
  });

  it("only for packets of a family that the rule counts for", () => {
    const cases = arbitraryConfig({ comments: false }).chain((config) =>
      fc.record({ config: fc.constant(config), packet: arbitraryPacket(config) }),
    );
    fc.assert(
      fc.property(cases, ({ config, packet }) => {
        for (const one of flowsOf(config).flatMap(({ rules }) => rules)) {
          if (ruleHolds(one, packet).holds) expect(familiesOf(one)).toContain(packet.family);
        }
      }),
    );
  });
});

describe("what a rule counts for", () => {
  it.each([
    ["", [4, 6]],
    ["src 10.0.0.1", [4]],
    ["not dst ::1", [6]],
    ["not src { ::/0, 10.0.0.0/8 }", [4]],
    ["not src { ::/1, 8000::/1, 10.0.0.0/8 }", [4]],
    ["proto icmp", [4]],
    ["proto icmp6", [6]],
    ["not proto icmp6", [4, 6]],
    ["proto ah", [4]],
    ["proto 43", [4]],
    ["icmptype any", [4]],
    ["proto icmp6 icmptype any", [6]],
  ])("match %s: families %j", (conditions, families) => {
    expect(familiesOf(rule(conditions))).toEqual(families);
  });

  it.each([
    ["", [6, 17]],
    ["proto tcp", [6]],
    ["not proto tcp", [17]],
    ["proto sctp", [132]],
    ["proto gre", []],
  ])("match %s: protocols with ports %j", (conditions, numbers) => {
    expect(protocolsThatCarryPorts(rule(conditions))).toEqual(numbers);
  });
});

describe("a director's ICMP errors", () => {
  const flowOf = (text: string) => {
    const [flow] = flowsOf(parse(text).config);
    if (!flow) throw new Error("no flow");
    return flow;
  };
  const destinations = (text: string) => icmpErrorDestinations(flowOf(text)).map(printAddress);

  it.each([
    ["flow a director d match dst 10.0.0.1 dstport 25 match dst ::1", ["10.0.0.1", "::1"]],
    ["flow a director d match proto sctp dst 10.0.0.1", ["10.0.0.1"]],
    ["flow a director d match not proto tcp dst 10.0.0.1", ["10.0.0.1"]],
    ["flow a director d match", []],
    ["flow a director d match not dst 10.0.0.1", []],
    ["flow a director d match proto gre dst 10.0.0.1", []],
    ["flow a director d match dst 10.0.0.1 icmptype 8", []],
    ["flow a director d ignore dst 10.0.0.1", []],
    ["flow a director d off match dst 10.0.0.1", []],
    ["flow a permit match dst 10.0.0.1", []],
    ["flow a director d match not src { ::/0, 10.0.0.0/8 } dst { 192.168.0.1, ::1 }", ["192.168.0.1"]],
  ])("%s: %j", (text, expected) => {
    expect(destinations(text)).toEqual(expected);
  });

  it("takes the types that say what became of a packet", () => {
    const flow = flowOf("flow a director d match proto tcp dst 10.0.0.1 match proto tcp dst 2001:db8::1");
    const taken = (line: (type: number) => string) =>
      Array.from({ length: 200 }, (_, type) => type).filter((type) =>
        takesIcmpError(flow, packet(line(type))),
      );
    expect(taken((type) => `icmp 9.9.9.9 -> 10.0.0.1 type ${type}/0 in eth0`)).toEqual([3, 11, 12]);
    expect(taken((type) => `icmp6 2001:db8::9 -> 2001:db8::1 type ${type}/0 in eth0`)).toEqual([1, 2, 3, 4]);
    expect(taken((type) => `icmp 9.9.9.9 -> 10.0.0.2 type ${type}/0 in eth0`)).toEqual([]);
    expect(taken((type) => `icmp 9.9.9.9 -> 10.0.0.1 type ${type}/0 in lo`)).toEqual([]);
    const own = packet("icmp 9.9.9.9 -> 10.0.0.1 type 3/0 in lo");
    expect(takesIcmpError(flow, own, { loopback: "judge", neighbours: "spare" })).toBe(true);
  });
});

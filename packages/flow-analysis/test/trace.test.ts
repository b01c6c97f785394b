import { type Config, checkText, flowsOf, parse, parsePacketLine, printValues } from "@flowmgr/flow-model";
import { ON_MANY_LINES as FIVE } from "@flowmgr/flow-model/examples";
import { arbitraryConfig, arbitraryPacket, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, trace } from "../src/index.ts";

function config(text: string): Config {
  const read = checkText(text);
  expect(read.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return read.config;
}

function packet(line: string) {
  const parsed = parsePacketLine(line);
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.ok;
}

/** `flow/rule action`, as a table row says it. */
function verdict(text: string, line: string, options = {}): string {
  const { flow, rule, verdict, icmpErrors } = trace(config(text), packet(line), options);
  const who = flow === null ? "" : `${flow}/${icmpErrors ? "icmp-errors" : rule} `;
  return `${who}${verdict.action}${verdict.director ? ` ${verdict.director}` : ""}${verdict.table ? ` ${verdict.table}` : ""}`;
}

describe("the five examples", () => {
  it.each([
    ["tcp 192.168.0.10:4000 -> 192.168.0.1:22 in eth0", "ssh/2 permit"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.1:22 in eth0", "alltherest/1 deny"],
    ["tcp 192.168.0.10:4000 -> 192.168.0.1:23 in eth0", "alltherest/1 deny"],
    ["udp 192.168.0.10:4000 -> 192.168.0.1:22 in eth0", "alltherest/1 deny"],
    ["udp 10.0.0.1:4000 -> 192.168.0.1:53 in eth0", "dns/1 permit"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.1:53 in eth0", "alltherest/1 deny"],
    ["icmp 10.0.0.1 -> 192.168.0.1 type 0/0 in eth0", "ping/1 permit"],
    ["icmp 10.0.0.1 -> 192.168.0.1 type 8/0 in eth0", "alltherest/1 deny"],
    ["icmp 192.168.0.10 -> 192.168.0.1 type 8/0 in eth0", "ping/3 permit"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.2:110 in eth0", "mail/1 director maildirect"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.2:143 in eth0", "mail/2 director maildirect"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0", "mail/3 director maildirect"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.2:26 in eth0", "alltherest/1 deny"],
    ["icmp 10.0.0.1 -> 192.168.0.2 type 3/4 in eth0", "mail/icmp-errors director maildirect"],
    ["icmp 10.0.0.1 -> 192.168.0.2 type 8/0 in eth0", "alltherest/1 deny"],
    ["icmp 10.0.0.1 -> 192.168.0.3 type 3/4 in eth0", "alltherest/1 deny"],
    ["tcp [2001:db8::1]:4000 -> [2001:db8::2]:22 in eth0", "alltherest/1 deny"],
    ["icmp6 fe80::1 -> ff02::1 type 135/0 in eth0", "undecided"],
    ["tcp 127.0.0.1:4000 -> 127.0.0.1:25 in lo", "undecided"],
    ["tcp 10.0.0.1:4000 -> 192.168.0.2:25 out eth0", "undecided"],
  ])("%s: %s", (line, expected) => {
    expect(verdict(FIVE, line)).toBe(expected);
  });

  it("by the letter when told to", () => {
    const letter = { loopback: "judge", neighbours: "judge" };
    expect(verdict(FIVE, "tcp 127.0.0.1:4000 -> 127.0.0.1:25 in lo", letter)).toBe("alltherest/1 deny");
    expect(verdict(FIVE, "icmp6 fe80::1 -> ff02::1 type 135/0 in eth0", letter)).toBe("alltherest/1 deny");
    expect(verdict(FIVE, "icmp 10.0.0.1 -> 192.168.0.2 type 3/4 in lo", letter)).toBe(
      "mail/icmp-errors director maildirect",
    );
  });
});

describe("lists, states and outflows", () => {
  const LISTS = `
list office { 10.1.0.0/16, @branch }
list branch { 10.2.0.0/16, 2001:db8:2::/48 }
list web { 80, 443, 8000:8099 }
flow fresh deny match not src @office state { new, invalid } proto tcp dstport @web
flow web permit match src { @office, 192.168.0.1 } dstport { 25, @web } ignore not iface { eth0, wg+ }
flow dmz director d match dst @office dstport { 25, 110 }
outflow mail deny match dstport 25 iface eth0
outflow rest table 7 match dst @branch
`;

  it.each([
    ["tcp 10.1.0.1:4000 -> 9.9.9.9:443 in eth0", "web/1 permit"],
    ["tcp 10.2.0.1:4000 -> 9.9.9.9:8050 in eth0", "web/1 permit"],
    ["tcp [2001:db8:2::1]:4000 -> [2001:db8::9]:25 in eth0", "web/1 permit"],
    ["tcp 192.168.0.1:4000 -> 9.9.9.9:81 in eth0", "undecided"],
    ["tcp 10.3.0.1:4000 -> 9.9.9.9:443 in eth0", "fresh/1 deny"],
    ["tcp 10.3.0.1:4000 -> 9.9.9.9:443 in eth0 state established", "undecided"],
    ["tcp 10.3.0.1:4000 -> 10.2.0.1:110 in eth0 state established", "dmz/1 director d"],
    ["icmp 9.9.9.9 -> 10.2.0.1 type 3/4 in eth0", "dmz/icmp-errors director d"],
    ["icmp6 2001:db8::9 -> 2001:db8:2::1 type 2/0 in eth0", "dmz/icmp-errors director d"],
    // The ignore leaves a flow that is over anyhow; what it lets pass meets the next.
    ["tcp 10.3.0.1:4000 -> 10.2.0.1:110 in eth1", "dmz/1 director d"],
    ["tcp 10.1.0.1:25 -> 10.2.0.1:25 out eth0", "mail/1 deny"],
    ["tcp 10.1.0.1:25 -> 10.2.0.1:25 out eth1", "rest/1 table 7"],
    ["tcp 10.1.0.1:25 -> 10.3.0.1:25 out eth1", "undecided"],
    ["icmp 9.9.9.9 -> 10.1.0.1 type 3/4 out eth0", "undecided"],
    ["tcp 10.1.0.1:25 -> 10.2.0.1:25 out lo", "undecided"],
  ])("%s: %s", (line, expected) => {
    expect(verdict(LISTS, line)).toBe(expected);
  });

  it("names lists as they are written, and looks at what they hold", () => {
    const { steps } = trace(config(LISTS), packet("tcp [2001:db8::1]:25 -> [2001:db8::2]:81 in eth0"));
    expect(steps.map(({ why }) => why)).toEqual([
      "dstport @web does not hold: its destination port is 81",
      "src { @office, 192.168.0.1 } does not hold: it comes from 2001:db8::1",
      "not iface { eth0, wg+ } does not hold: it came in by eth0",
      "dst @office does not hold: it goes to 2001:db8::2",
    ]);
    const four = config("flow a permit match src @four list four { 10.0.0.1, 10.0.0.2 }");
    const why = (line: string) => trace(four, packet(line)).steps[0]?.why;
    expect(why("tcp [2001:db8::1]:25 -> [2001:db8::2]:81 in eth0")).toBe(
      "src @four does not hold: it is IPv6",
    );
    expect(why("tcp 10.0.0.3:25 -> 10.0.0.9:81 in eth0")).toBe(
      "src @four does not hold: it comes from 10.0.0.3",
    );
    expect(why("tcp 10.0.0.2:25 -> 10.0.0.9:81 in eth0")).toBe("all its conditions hold: permit");
  });

  it("takes no packet for a list that does not exist, negated or not", () => {
    const unknown = parse("flow a permit match src @none match not src @none match not dstport @none").config;
    expect(decide(unknown, packet("tcp 10.0.0.1:4000 -> 10.0.0.2:25 in eth0")).flow).toBeNull();
  });

  it("judges as if each name stood for its values", () => {
    // The values of all lists that a name reaches, by a search of its own.
    const reached = (all: Config, values: string[]): string[] =>
      values.flatMap((value) => {
        if (!value.startsWith("@")) return [value];
        const list = all.items.find((item) => item.kind === "list" && `@${item.name}` === value);
        return list?.kind === "list" ? reached(all, list.values) : [];
      });
    const written = arbitraryConfig({ comments: false }).chain((all) =>
      fc.record({
        all: fc.constant(all),
        packets: fc.array(arbitraryPacket(all), { minLength: 5, maxLength: 5 }),
      }),
    );
    fc.assert(
      fc.property(written, ({ all, packets }) => {
        const items = flowsOf(structuredClone(all));
        for (const { conditions } of items.flatMap(({ rules }) => rules)) {
          for (const condition of Object.values(conditions))
            condition.values = reached(all, condition.values);
        }
        const byHand = { items, comment: [] };
        for (const one of packets) expect(decide(all, one)).toEqual(decide(byHand, one));
      }),
      { numRuns: 300 },
    );
  });
});

describe("the way through the flows", () => {
  const TCP = "tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0";

  it.each([
    ["", "undecided"],
    ["flow a permit", "undecided"],
    ["flow a skip permit match flow b deny match", "b/1 deny"],
    ["flow a match flow b deny match", "b/1 deny"],
    ["flow a permit off match match", "a/2 permit"],
    ["flow a permit ignore match flow b deny match", "b/1 deny"],
    ["flow a permit match not proto tcp ignore dstport 25 match", "undecided"],
    ["flow a table 7 match", "a/1 table 7"],
    ["flow a table main match", "a/1 table 254"],
    ["flow a table default match", "a/1 table 253"],
    ["flow a table office match", "a/1 table 42"],
    ["flow a table nobody match", "a/1 table"],
    // An ignore leaves the flow before its end is reached.
    ["flow a director d ignore match dst 192.168.0.2", "undecided"],
  ])("%s: %s", (text, expected) => {
    expect(verdict(text, TCP, { tables: new Map([["office", 42]]) })).toBe(expected);
  });

  it("gives ICMP errors only at the end of a director flow", () => {
    const error = "icmp 9.9.9.9 -> 192.168.0.2 type 11/0 in eth0";
    expect(verdict("flow a director d ignore proto icmp match dst 192.168.0.2 dstport 25", error)).toBe(
      "undecided",
    );
    expect(verdict("flow a skip director d match dst 192.168.0.2 dstport 25", error)).toBe("undecided");
    expect(verdict("flow a director d match dst 192.168.0.2 dstport 25", error)).toBe(
      "a/icmp-errors director d",
    );
    expect(verdict("flow a director d match dst 192.168.0.2", error)).toBe("a/1 director d");
  });
});

describe("the steps", () => {
  it("are the rules that were tried, with the first condition that failed and why", () => {
    const { steps, spared } = trace(config(FIVE), packet("udp 10.0.0.1:4000 -> 192.168.0.1:53 in eth0"));
    expect(spared).toBeNull();
    expect(steps).toEqual([
      {
        flow: "ssh",
        rule: 1,
        holds: true,
        failed: null,
        why: "all its conditions hold: on to the next flow",
      },
      { flow: "dns", rule: 1, holds: true, failed: null, why: "all its conditions hold: permit" },
    ]);
  });

  it.each([
    ["iface eth1", "iface", "iface eth1 does not hold: it came in by eth0"],
    ["not proto tcp", "proto", "not proto tcp does not hold: it is tcp"],
    ["src 10.0.0.2", "src", "src 10.0.0.2 does not hold: it comes from 10.0.0.1"],
    ["dst 10.0.0.2", "dst", "dst 10.0.0.2 does not hold: it goes to 192.168.0.2"],
    ["not dst ::1", "dst", "not dst ::1 does not hold: it is IPv4"],
    ["srcport 1:2", "srcport", "srcport 1:2 does not hold: its source port is 4000"],
    ["dstport 26", "dstport", "dstport 26 does not hold: its destination port is 25"],
    ["icmptype 8", "icmptype", "icmptype 8 does not hold: it is tcp"],
  ])("match %s: %s", (conditions, failed, why) => {
    const { steps } = trace(
      config(`flow a permit match ${conditions}`),
      packet("tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0"),
    );
    expect(steps).toEqual([{ flow: "a", rule: 1, holds: false, failed, why }]);
  });

  it.each([
    ["icmp 1.1.1.1 -> 1.1.1.2 type 8/0 in eth0", "dstport 25", "dstport 25 does not hold: icmp has no ports"],
    [
      "sctp 1.1.1.1:1 -> 1.1.1.2:25 in eth0",
      "dstport 25",
      "dstport 25 does not hold: it is sctp with destination port 25, and sctp counts only with proto sctp",
    ],
    [
      "sctp 1.1.1.1:1 -> 1.1.1.2:25 in eth0",
      "proto { tcp, sctp } dstport 26",
      "dstport 26 does not hold: its destination port is 25",
    ],
    [
      "icmp 1.1.1.1 -> 1.1.1.2 type 8/0 in eth0",
      "icmptype 0",
      "icmptype 0 does not hold: its type is 8/0, echo-request",
    ],
  ])("%s, match %s: %s", (line, conditions, why) => {
    expect(trace(config(`flow a permit match ${conditions}`), packet(line)).steps[0]?.why).toBe(why);
  });

  it("say when a packet was spared, and only then", () => {
    const lo = packet("tcp 127.0.0.1:4000 -> 127.0.0.1:25 in lo");
    const spared = trace(config("flow a deny match"), lo);
    expect(spared.spared).toBe("packets on lo are this machine's own: only a rule with iface lo takes them");
    expect(spared.steps[0]).toMatchObject({ holds: false, failed: null, why: spared.spared });
    expect(trace(config("flow a deny match dstport 26"), lo).spared).toBeNull();
    expect(trace(config("flow a deny match iface lo"), lo)).toMatchObject({ spared: null, flow: "a" });
  });
});

describe("random configs and packets", () => {
  const cases = arbitraryConfig({ comments: false }).chain((config) =>
    fc.record({ config: fc.constant(config), packet: arbitraryPacket(config) }),
  );

  it("decide says what trace says, and the steps end where it was decided", () => {
    fc.assert(
      fc.property(cases, ({ config, packet }) => {
        const { steps, spared: _, ...decision } = trace(config, packet);
        expect(decide(config, packet)).toEqual(decision);
        const last = steps.at(-1);
        if (decision.flow !== null)
          expect(last).toMatchObject({ flow: decision.flow, rule: decision.rule, holds: true });
        // Every other rule that holds is an ignore: its flow is left.
        for (const [index, step] of steps.slice(0, -1).entries()) {
          if (step.holds) expect(steps[index + 1]?.flow).not.toBe(step.flow);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("a step names a condition of its rule, as it prints", () => {
    fc.assert(
      fc.property(cases, ({ config, packet }) => {
        for (const { flow, rule, failed, why } of trace(config, packet).steps) {
          if (failed === null) continue;
          const item = flowsOf(config).find((one) => one.name === flow);
          const condition = item?.rules[(rule ?? 0) - 1]?.conditions[failed];
          const printed = condition && `${failed} ${printValues(failed, condition.values)}`;
          expect(why.startsWith(`${condition?.not ? "not " : ""}${printed} does not hold: `)).toBe(true);
        }
      }),
    );
  });

  it("ten thousand flows keep every step", () => {
    const big = manyFlows(10_000);
    const { steps, flow } = trace(big, packet("gre 9.9.9.9 -> 8.8.8.8 in eth0"));
    const rules = big.items.flatMap((item) => (item.kind === "flow" && !item.skipped ? item.rules : []));
    expect(flow).toBe("alltherest");
    // Each ssh flow is left by its first rule.
    const left = big.items.filter(
      (item) => item.kind === "flow" && !item.skipped && item.name.startsWith("ssh-"),
    );
    expect(steps).toHaveLength(rules.length - left.length);
  });
});

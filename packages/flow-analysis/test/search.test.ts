/** What a search tells is what becomes of the packets, all of them: found out by trying every packet. */
import {
  type Conditions,
  type Config,
  checkText,
  interfaceMatches,
  print,
  printPacket,
} from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Asked,
  conditionsText,
  decide,
  type SearchGroup,
  type SearchOptions,
  searchPackets,
} from "../src/index.ts";
import { besides, describes, tinyConditions } from "./asked.ts";
import { everyPacket, tinyConfigs } from "./tiny.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 60);
const ACTIONS = ["permit", "deny", "director", "undecided"] as const;

const inRegion = ({ regions }: SearchGroup, packet: Parameters<typeof describes>[1]) =>
  regions.some(
    ({ family, conditions, exceptInterfaces }) =>
      family === packet.family &&
      !exceptInterfaces.some((pattern) => interfaceMatches(pattern, packet.iface)) &&
      describes(conditions, packet),
  );

/** Every packet of the set stands in the group of the rule that decides it, and no other packet in any. */
function compare(
  config: Config,
  conditions: Conditions,
  { verdict, ...options }: Pick<Asked, "verdict"> & SearchOptions = {},
): void {
  const asked = { direction: "in" as const, conditions, ...(verdict && { verdict }) };
  const { status, groups, total } = searchPackets(config, asked, options);
  expect(status).toBe("complete");
  expect(total).toBe(groups.length);
  expect(groups.map(({ share }) => share)).toEqual(
    groups.map(({ share }) => share).toSorted((a, b) => b - a),
  );
  const key = (one: { flow: string | null; rule: number | null } | undefined) =>
    JSON.stringify(one?.flow ? [one.flow, one.rule] : null);
  const byDecider = new Map(groups.map((group) => [key(group.decider.by[0]), group]));
  expect(byDecider.size).toBe(groups.length);
  const where = `${print(config)}\n${conditionsText(conditions)}`;
  for (const packet of everyPacket(besides(config, [conditions]))) {
    const decision = decide(config, packet);
    const saying = `${where}\n${printPacket(packet)}`;
    const isAsked = describes(conditions, packet) && (!verdict || verdict.action === decision.verdict.action);
    const told = groups.filter((group) => inRegion(group, packet));
    const own = byDecider.get(key(decision));
    if (!isAsked) {
      expect(told, saying).toEqual([]);
      continue;
    }
    expect(own?.decider.verdict, saying).toEqual(decision.verdict);
    if (own?.whole) expect(told, saying).toEqual([own]);
    else for (const one of told) expect(one, saying).toBe(own);
  }
  for (const group of groups) {
    expect(group.regions.length).toBeGreaterThan(0);
    for (const { packet } of group.regions) {
      expect(describes(conditions, packet), where).toBe(true);
      expect(key(decide(config, packet)), where).toBe(key(group.decider.by[0]));
    }
  }
}

describe("searchPackets", () => {
  it("tells who decides which packets of a set, as trying every packet does", () => {
    fc.assert(
      fc.property(tinyConfigs, tinyConditions, (config, conditions) => compare(config, conditions)),
      { numRuns: RUNS },
    );
  });

  it.each([undefined, 1])("does not deny a table whose number nobody knows; edges: %s", (edges) => {
    const { config } = checkText("flow away table blue match src 172.16.0.0/12 flow rest deny match");
    const asked: Asked = { direction: "in", conditions: {}, verdict: { action: "table", table: 7 } };
    const room = edges === undefined ? {} : { edges };
    expect(searchPackets(config, asked, room)).toMatchObject({ status: "partial", total: 0 });
    const known = { ...room, tables: new Map([["blue", 8]]) };
    expect(searchPackets(config, asked, known)).toMatchObject({ status: "complete", total: 0 });
    expect(searchPackets(config, { ...asked, verdict: { action: "table" } }, room).total).toBe(1);
  });

  it("tells only those with a verdict", () => {
    const verdicts = fc.constantFrom(...ACTIONS).map((action) => ({ action }));
    fc.assert(
      fc.property(tinyConfigs, tinyConditions, verdicts, (config, conditions, verdict) =>
        compare(config, conditions, { verdict }),
      ),
      { numRuns: RUNS },
    );
  });

  it("tells the same rule by rule, where all at once is too large", () => {
    const verdicts = fc.option(
      fc.constantFrom(...ACTIONS).map((action) => ({ action })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(tinyConfigs, tinyConditions, verdicts, (config, conditions, verdict) =>
        compare(config, conditions, { edges: 1, ...(verdict && { verdict }) }),
      ),
      { numRuns: RUNS },
    );
  });

  const TEXT = `list office { 10.0.0.0/8 }
flow web director web match proto tcp dst 192.0.2.1 dstport 80
flow mail director mail match proto tcp dst 192.0.2.1 dstport 25
flow away table 100 match src 172.16.0.0/12
flow spared permit match iface lo dst 192.0.2.9
outflow nosmtp deny match proto tcp dstport 25
flow rest deny match`;

  it.each<[string, Asked, string[]]>([
    [
      "a list of the config",
      {
        direction: "in",
        conditions: { src: { not: false, values: ["@office"] } },
        verdict: { action: "director" },
      },
      [
        "mail 1: proto tcp src 10.0.0.0/8 dst 192.0.2.1 dstport 25",
        "web 1: proto tcp src 10.0.0.0/8 dst 192.0.2.1 dstport 80",
        "web null: proto icmp src 10.0.0.0/8 dst 192.0.2.1 icmptype { 3, 11, 12 }",
      ],
    ],
    [
      "one director of two",
      { direction: "in", conditions: {}, verdict: { action: "director", director: "web" } },
      [
        "web 1: proto tcp dst 192.0.2.1 dstport 80",
        "web null: proto icmp dst 192.0.2.1 icmptype { 3, 11, 12 }",
      ],
    ],
    [
      "a table",
      { direction: "in", conditions: {}, verdict: { action: "table", table: 100 } },
      [
        "away 1: src 172.16.0.0/12 not dst 192.0.2.1",
        "away 1: not proto { icmp, tcp } src 172.16.0.0/12",
        "away 1: proto icmp src 172.16.0.0/12 not icmptype { 3, 11, 12 }",
        "away 1: proto { tcp, udp, sctp } src 172.16.0.0/12 not dstport { 25, 80 }",
      ].toSorted(),
    ],
    ["another table", { direction: "in", conditions: {}, verdict: { action: "table", table: 7 } }, []],
    [
      "what is spared only where it is named",
      {
        direction: "in",
        conditions: { iface: { not: false, values: ["lo"] }, dst: { not: false, values: ["192.0.2.0/24"] } },
        verdict: { action: "permit" },
      },
      ["spared 1: iface lo dst 192.0.2.9"],
    ],
    [
      "what leaves",
      { direction: "out", conditions: {}, verdict: { action: "deny" } },
      ["nosmtp 1: proto tcp dstport 25", "nosmtp 1: proto tcp dstport 25"],
    ],
  ])("finds %s", (_, asked, expected) => {
    const { status, groups } = searchPackets(checkText(TEXT).config, asked);
    expect(status).toBe("complete");
    const told = groups.flatMap(({ decider, regions }) =>
      regions.map(({ conditions }) => {
        const [first] = decider.by;
        return `${first?.flow} ${first?.rule}: ${conditionsText(conditions)}`;
      }),
    );
    expect(told.toSorted()).toEqual(expected);
  });

  it("is honest when it is stopped", () => {
    expect(
      searchPackets(checkText(TEXT).config, { direction: "in", conditions: {} }, { stop: () => true }),
    ).toEqual({
      status: "partial",
      groups: [],
      total: 0,
    });
  });

  it("describes the largest of many groups, few regions of each, and counts them all", () => {
    const config = manyFlows(300);
    const everything = { direction: "in", conditions: {} } as const;
    const whole = searchPackets(config, everything, { most: 1 });
    expect(whole.status).toBe("complete");
    expect(whole.groups.length).toBe(100);
    expect(whole.total).toBeGreaterThan(100);
    expect(whole.groups[0]?.decider.verdict.action).toBe("deny");
    for (const { regions } of whole.groups) expect(regions.length).toBeLessThanOrEqual(2);
    const byRule = searchPackets(config, everything, { most: 1, edges: 1 });
    expect(byRule.status).toBe("partial");
    // Added up in another order.
    const largest = { ...whole.groups[0], share: expect.closeTo(whole.groups[0]?.share ?? 0, 9) };
    expect(byRule.groups[0]).toEqual(largest);
    const few = ({ groups }: typeof whole) => groups.slice(0, 30).map(({ decider: { by } }) => by[0]);
    expect(few(byRule)).toEqual(few(whole));
  });
});

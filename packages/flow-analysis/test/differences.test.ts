/** What is said to change does, and nothing else: found out by trying every packet. */
import {
  type Config,
  checkText,
  flowsOf,
  interfaceMatches,
  type Packet,
  print,
  printPacket,
  printRule,
  ruleHolds,
} from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Deciders, type Decision, decide, type PacketChange, packetChanges } from "../src/index.ts";
import { everyPacket, richConfigs, tinyConfigs } from "./tiny.ts";

/** Is it a change of a packet that was decided so and is now decided so? */
function tells({ was, is }: PacketChange, before: Decision, after: Decision): boolean {
  const names = ({ verdict, by, others }: Deciders, one: Decision) =>
    JSON.stringify(verdict) === JSON.stringify(one.verdict) &&
    (others > 0 || one.flow === null || by.some(({ flow, rule }) => flow === one.flow && rule === one.rule));
  return names(was, before) && names(is, after);
}

const isLeftOut = ({ exceptInterfaces }: PacketChange["regions"][number], { iface }: Packet) =>
  exceptInterfaces.some((pattern) => interfaceMatches(pattern, iface));

/** Does a region hold the packet, as the rule with its conditions would? */
function inRegion(region: PacketChange["regions"][number], packet: Packet): boolean {
  if (packet.family !== region.family || isLeftOut(region, packet)) return false;
  return ruleHolds(region, packet).holds;
}

/** Both configs' rules, so that every packet that either tells apart is tried. */
function packetsOf(before: Config, after: Config): Packet[] {
  return everyPacket({ items: [...before.items, ...after.items], comment: [] });
}

function compare(before: Config, after: Config): void {
  const { status, changes } = packetChanges(before, after);
  expect(status).toBe("complete");
  const where = `${print(before)}\n=>\n${print(after)}`;
  for (const packet of packetsOf(before, after)) {
    const [was, is] = [decide(before, packet), decide(after, packet)];
    const told = changes.filter(
      ({ direction, regions }) =>
        direction === packet.direction && regions.some((region) => inRegion(region, packet)),
    );
    const all = changes.every(({ whole }) => whole);
    const saying = `${where}\n${printPacket(packet)}`;
    if (JSON.stringify(was.verdict) === JSON.stringify(is.verdict)) expect(told, saying).toEqual([]);
    else if (all) expect(told.length, saying).toBeGreaterThan(0);
    for (const change of told) expect(tells(change, was, is), saying).toBe(true);
  }
  for (const change of changes) {
    for (const { packet } of change.regions) {
      expect(tells(change, decide(before, packet), decide(after, packet)), where).toBe(true);
    }
  }
}

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 30);

describe("packetChanges", () => {
  it("tells two unrelated configs apart as trying every packet does", () => {
    const configs = fc.oneof(tinyConfigs, richConfigs);
    fc.assert(fc.property(configs, configs, compare), { numRuns: RUNS });
  });

  it("tells two configs of very many rules apart as trying every packet does", () => {
    const many = fc
      .array(tinyConfigs, { minLength: 8, maxLength: 8 })
      .map((configs) => configs.flatMap(flowsOf).map((flow, at) => ({ ...flow, name: `f${at}` })))
      .filter((flows) => flows.flatMap(({ rules }) => rules).length > 16)
      .map((items): Config => ({ items, comment: [] }));
    fc.assert(fc.property(many, many, compare), { numRuns: Math.ceil(RUNS / 20) });
  });

  it("tells what an edit changes", () => {
    const edits = fc
      .oneof(tinyConfigs, richConfigs)
      .chain((config) =>
        fc.tuple(
          fc.constant(config),
          fc.constantFrom("move", "remove", "switch", "reverse", "list"),
          fc.nat(3),
        ),
      );
    fc.assert(
      fc.property(edits, ([config, edit, at]) => {
        const flows = flowsOf(config);
        const chosen = flows[at % flows.length];
        const others = flows.filter((flow) => flow !== chosen);
        const lists = config.items.filter(({ kind }) => kind === "list");
        const items = {
          list: [
            ...lists.map((list) => (list.kind === "list" ? { ...list, values: ["10.0.0.0/15"] } : list)),
            ...flows,
          ],
          move: chosen ? [chosen, ...others] : flows,
          remove: others,
          switch: flows.map((flow) => (flow === chosen ? { ...flow, skipped: true } : flow)),
          reverse: flows.map((flow) =>
            flow === chosen ? { ...flow, rules: flow.rules.toReversed() } : flow,
          ),
        };
        const edited = edit === "list" ? items.list : [...lists, ...items[edit]];
        compare(config, { ...config, items: edited });
      }),
      { numRuns: RUNS },
    );
  });

  it("tells what is true, and that there may be more, where there is no room for all", () => {
    let told = 0;
    fc.assert(
      fc.property(richConfigs, richConfigs, fc.integer({ min: 10, max: 100 }), (before, after, edges) => {
        const { status, changes } = packetChanges(before, after, { edges });
        if (status === "partial") told += changes.length;
        for (const change of changes) {
          for (const { packet } of change.regions) {
            expect(tells(change, decide(before, packet), decide(after, packet))).toBe(true);
          }
        }
      }),
      { numRuns: 3 * RUNS },
    );
    expect(told).toBeGreaterThan(0);
    const config = manyFlows(300);
    const items = config.items.slice(0, -1);
    const { status, changes } = packetChanges(config, { ...config, items }, { edges: 5000 });
    expect(status).toBe("partial");
    expect(changes.map(({ was, is }) => `${was.by[0]?.flow} ${is.verdict.action}`)).toContain(
      "alltherest undecided",
    );
    expect(changes.flatMap(({ regions }) => regions.map(({ family }) => family))).toContain(4);
  });

  it("tells in slices who is left alone by a late rule, and that they are not all", () => {
    const config = manyFlows(900);
    const last = config.items.length - 1;
    const items = config.items.map((item, at) => (at === last ? { ...item, skipped: true } : item));
    const after: Config = { ...config, items };
    for (const [one, other] of [
      [config, after],
      [after, config],
    ] as const) {
      const { status, changes, total } = packetChanges(one, other);
      expect([status, total]).toEqual(["complete", 1]);
      expect(changes[0]?.whole).toBe(false);
      expect(new Set(changes[0]?.regions.map(({ family }) => family))).toEqual(new Set([4, 6]));
      for (const { packet } of changes[0]?.regions ?? []) {
        const verdicts = [decide(one, packet), decide(other, packet)].map(({ verdict }) => verdict.action);
        expect(verdicts.sort()).toEqual(["deny", "undecided"]);
      }
    }
  });

  it.each([
    ["flow a permit match src 10.0.0.0/8", "flow b permit match src 10.0.0.0/8", []],
    [
      "flow a permit match src 10.0.0.0/8",
      "flow a deny match src 10.0.0.0/8 dstport 22 flow b permit match src 10.0.0.0/8",
      ["a 1 -> a 1: match src 10.0.0.0/8 dstport 22"],
    ],
    ["flow a deny match", "", ["a 1 -> nobody: match", "a 1 -> nobody: match"]],
    [
      "flow a permit match src 10.0.0.0/8",
      "flow a deny match src 10.0.0.0/8",
      ["a 1 -> a 1: match src 10.0.0.0/8"],
    ],
    [
      "flow a deny ignore src 10.0.0.1 match src 10.0.0.0/8",
      "flow a deny match src 10.0.0.0/8",
      ["nobody -> a 1: match src 10.0.0.1"],
    ],
    [
      "flow a deny match src { 10.0.0.1, 10.0.0.2 }",
      "flow a deny match not src { 10.0.0.1, 10.0.0.2 }",
      [
        "a 1 -> nobody: match src { 10.0.0.1, 10.0.0.2 }",
        "nobody -> a 1: match not src { 10.0.0.1, 10.0.0.2 }",
      ],
    ],
  ])("%s => %s", (before, after, expected) => {
    const { changes } = packetChanges(checkText(before).config, checkText(after).config);
    const name = ({ by: [first] }: Deciders) => (first ? `${first.flow} ${first.rule}` : "nobody");
    const said = changes.flatMap(({ was, is, regions }) =>
      regions.map(({ conditions }) => {
        const rule = { verb: "match" as const, off: false, comment: [], note: "", conditions };
        return `${name(was)} -> ${name(is)}: ${printRule(rule).trim()}`;
      }),
    );
    expect(said.sort()).toEqual(expected);
  });

  it("does not take two tables for one whose numbers nobody knows", () => {
    const [before, after] = ["blue", "green"].map((name) => checkText(`flow a table ${name} match`).config);
    if (!before || !after) throw new Error("no config");
    expect(packetChanges(before, after).total).toBe(1);
    const both = new Map([
      ["blue", 7],
      ["green", 7],
    ]);
    expect(packetChanges(before, after, { tables: both }).total).toBe(0);
  });

  it("finds nothing where nothing changed, and one edit among many", () => {
    const config = manyFlows(300);
    expect(packetChanges(config, config)).toEqual({ status: "complete", changes: [], total: 0 });
    const items = config.items.filter((item) => item.kind !== "flow" || item.name !== "bad-102");
    const { changes } = packetChanges(config, { ...config, items });
    expect(changes.flatMap(({ was }) => was.by.map(({ flow }) => flow))).toContain("bad-102");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CONDITION_KINDS,
  check,
  configSchema,
  expandLists,
  flowsOf,
  listNamed,
  listsOf,
  parse,
  printWithPlaces,
  ruleHolds,
  STATES,
} from "../src/index.ts";
import {
  arbitraryConfig,
  arbitraryPacket,
  arbitraryRawConfig,
  type ConfigOptions,
  manyFlows,
} from "../src/testing.ts";

const errors = (config: Parameters<typeof check>[0]) =>
  check(config).filter(({ severity }) => severity === "error");

describe("random configs", () => {
  it("check green, print and read back the same", () => {
    fc.assert(
      fc.property(arbitraryConfig(), (config) => {
        expect(errors(config)).toEqual([]);
        const { text } = printWithPlaces(config);
        expect(printWithPlaces(parse(text).config).text).toBe(text);
        expect(configSchema.parse(config)).toEqual(config);
      }),
    );
  });

  it("speak of every condition, negated and not", () => {
    const seen = new Set<string>();
    for (const config of fc.sample(arbitraryConfig(), { numRuns: 300, seed: 1 })) {
      for (const { conditions } of flowsOf(config).flatMap(({ rules }) => rules)) {
        for (const kind of CONDITION_KINDS) {
          if (conditions[kind]) seen.add(`${conditions[kind].not ? "not " : ""}${kind}`);
        }
      }
    }
    expect([...seen].toSorted()).toEqual(CONDITION_KINDS.flatMap((kind) => [kind, `not ${kind}`]).toSorted());
  });

  it("draw from the whole language, or from the parts asked for", () => {
    const parts = (options: ConfigOptions) => {
      const seen = new Set<string>();
      for (const config of fc.sample(arbitraryConfig(options), { numRuns: 300, seed: 1 })) {
        for (const list of listsOf(config)) {
          seen.add("list");
          if (list.values.some((value) => listNamed(value) !== null)) seen.add("list of lists");
        }
        for (const flow of flowsOf(config)) {
          seen.add(flow.kind);
          for (const { conditions } of flow.rules) {
            if (conditions.state) seen.add("state");
            for (const { not, values } of Object.values(conditions)) {
              const negated = not ? "not " : "";
              if (values.length > 1) seen.add(`${negated}braces`);
              if (values.length > 15) seen.add(`${negated}long braces`);
              if (values.some((value) => listNamed(value) !== null)) seen.add(`${negated}name`);
            }
          }
        }
      }
      return [...seen].toSorted();
    };
    const whole = ["braces", "flow", "list", "list of lists", "long braces", "name", "not braces"];
    expect(parts({})).toEqual([...whole, "not long braces", "not name", "outflow", "state"].toSorted());
    expect(parts({ lists: false, state: false, outflows: false })).toEqual(["flow"]);
  });

  it("of any shape never make check throw", () => {
    fc.assert(
      fc.property(arbitraryRawConfig(), (config) => {
        expect(Array.isArray(check(config))).toBe(true);
      }),
    );
  });
});

describe("random packets", () => {
  it("stand on the borders of what a config says", () => {
    const { config } = parse(
      "flow a permit match iface wg+ src 10.0.0.0/8 dstport 1000:2000 match icmptype 3/4",
    );
    const packets = fc.sample(arbitraryPacket(config), { numRuns: 2000, seed: 1 });
    const ports = new Set(packets.map(({ dstport }) => dstport));
    const sources = new Set(packets.map(({ src }) => src));
    const interfaces = new Set(packets.map(({ iface }) => iface));
    for (const port of [999, 1000, 2000, 2001]) expect(ports).toContain(port);
    for (const low of [0x09ff_ffffn, 0x0a00_0000n, 0x0aff_ffffn, 0x0b00_0000n])
      expect(sources).toContain(low);
    for (const name of ["eth0", "lo", "wg", "wg9"]) expect(interfaces).toContain(name);
    expect(packets.some(({ icmp }) => icmp?.type === 3 && icmp.code === 4)).toBe(true);
  });

  it("meet rules: of four, at least two the rule that they are aimed at", () => {
    let held = 0;
    let drawn = 0;
    for (const config of fc.sample(arbitraryConfig({ comments: false }), { numRuns: 100, seed: 2 })) {
      const flows = flowsOf(expandLists(config)).filter(({ skipped }) => !skipped);
      const rules = flows.flatMap((flow) => flow.rules.filter(({ off }) => !off));
      if (rules.length === 0) continue;
      for (const packet of fc.sample(arbitraryPacket(config), { numRuns: 20, seed: 3 })) {
        drawn += 1;
        const judge = { loopback: "judge", neighbours: "judge" } as const;
        if (rules.some((rule) => ruleHolds(rule, packet, judge).holds)) held += 1;
      }
    }
    expect(drawn).toBeGreaterThan(1000);
    expect(held / drawn).toBeGreaterThan(0.5);
  });

  it("leave by interfaces where a config has outflows, and have states where it asks for them", () => {
    const { config } = parse("outflow a permit match state { new, related } flow b deny match");
    const packets = fc.sample(arbitraryPacket(config), { numRuns: 300, seed: 1 });
    expect(new Set(packets.map(({ direction }) => direction))).toEqual(new Set(["in", "out"]));
    expect(new Set(packets.map(({ state }) => state))).toEqual(new Set(STATES));
    const fresh = fc.sample(arbitraryPacket(config, { states: ["new"] }), { numRuns: 100, seed: 1 });
    expect(new Set(fresh.map(({ state }) => state))).toEqual(new Set(["new"]));
  });
});

describe("many flows", () => {
  it("are as many as asked for, the same each time, and check green", () => {
    const config = manyFlows(3000);
    expect(config.items).toHaveLength(3000);
    expect(errors(config)).toEqual([]);
    expect(manyFlows(3000)).toEqual(config);
    expect(manyFlows(0).items).toEqual([]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CONDITION_KINDS, check, configSchema, flowsOf, parse, printWithPlaces } from "../src/index.ts";
import { arbitraryConfig, arbitraryPacket, arbitraryRawConfig, manyFlows } from "../src/testing.ts";

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
    const kinds = CONDITION_KINDS.filter((kind) => kind !== "state");
    expect([...seen].toSorted()).toEqual(kinds.flatMap((kind) => [kind, `not ${kind}`]).toSorted());
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

import type { Region } from "@flowmgr/flow-api";
import { type Conditions, parse } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { linesOf } from "../../src/ui/regions.tsx";

function region(family: 4 | 6, text: string, exceptInterfaces: string[] = []): Region {
  const [item] = parse(`flow a permit match ${text}`).config.items;
  const conditions: Conditions = item?.kind === "flow" ? (item.rules[0]?.conditions ?? {}) : {};
  const fields = { direction: "in" as const, iface: "eth0", proto: "tcp", src: "::", dst: "::" };
  return { family, conditions, text, exceptInterfaces, sample: { fields, line: `${family}` } };
}
const lines = (...regions: Region[]) => linesOf(regions).map(({ region, family }) => [region.text, family]);

describe("regions as lines", () => {
  test("what is the same for both families is one line that names none", () => {
    expect(lines(region(4, "proto tcp"), region(6, "proto tcp"))).toEqual([["proto tcp", null]]);
    expect(lines(region(4, ""), region(6, ""))).toEqual([["", null]]);
  });

  test("a family that the text does not show is named", () => {
    expect(lines(region(6, "proto tcp dstport 22"))).toEqual([["proto tcp dstport 22", 6]]);
    expect(lines(region(4, "dst 10.0.0.0/8"), region(4, "proto icmp icmptype 8"))).toEqual([
      ["dst 10.0.0.0/8", null],
      ["proto icmp icmptype 8", null],
    ]);
    expect(lines(region(6, "not src 2001:db8::/32"))).toEqual([["not src 2001:db8::/32", 6]]);
  });

  test("one that leaves out interfaces is another one", () => {
    expect(lines(region(4, "iface eth+"), region(4, "iface eth+", ["eth1"]))).toHaveLength(2);
  });
});

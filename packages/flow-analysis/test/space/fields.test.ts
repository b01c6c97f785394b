import { flowsOf, parse } from "@flowmgr/flow-model";
import { expect, it } from "vitest";
import { packetOf, valuesOf, worldOf } from "../../src/space/fields.ts";
import { LEVELS } from "../../src/space/levels.ts";
import { reachOf } from "../../src/space/reach.ts";

/** Names that packets get where no rule tells the interface apart from those of a pattern. */
const ifacesOf = (patterns: string) => {
  const { config } = parse(`flow a permit match iface { ${patterns} }`);
  const world = worldOf(
    4,
    flowsOf(config).flatMap(({ rules }) => rules.flatMap(({ conditions }) => reachOf(conditions, 4) ?? [])),
  );
  return world.ifaces.names.map((name, place) => {
    const point = Array.from({ length: LEVELS }, () => 0);
    point[5] = place;
    const packet = packetOf(world, "in", point);
    // It comes back as what it was made of.
    expect(valuesOf(world, packet)[5]).toBe(place);
    return `${name} ${packet.iface}`;
  });
};

it.each([
  ["lo", ["lo lo", "+ eth0"]],
  ["eth0", ["eth0 eth0", "lo lo", "+ eth1"]],
  ["eth+", ["eth+ eth", "lo lo", "+ ens1"]],
  ["eth+, eth", ["eth eth", "eth+ eth1", "lo lo", "+ ens1"]],
  ["eth+, ens+, wan+, lan+, 1+", ["1+ 1", "ens+ ens", "eth+ eth", "lan+ lan", "lo lo", "wan+ wan", "+ 2"]],
  [
    "abcdefghijklmn+, abcdefghijklmn",
    ["abcdefghijklmn abcdefghijklmn", "abcdefghijklmn+ abcdefghijklmn1", "lo lo", "+ eth0"],
  ],
])("finds an interface for each class of names that %s tells apart", (patterns, expected) => {
  expect(ifacesOf(patterns)).toEqual(expected);
});

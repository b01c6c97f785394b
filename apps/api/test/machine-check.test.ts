/** What the machine says of a config that was edited is what it says of one that nobody has seen before. */
import { check, configSchema, flowsOf } from "@flowmgr/flow-model";
import { arbitraryConfig } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { checkMachine, type Machine, tableWarnings } from "../src/config/machine-check.ts";

const ROUTES = { ip: 1, ip6: 0 };
const MACHINES: Machine[] = [
  {
    interfaces: ["lo", "eth0"],
    tables: { main: 254 },
    judged: ["ip", "ip6"],
    routesIn: {},
    eaten: [],
    sets: true,
  },
  {
    interfaces: ["lo"],
    tables: { main: 254 },
    judged: ["ip"],
    routesIn: { 254: ROUTES },
    eaten: [],
    sets: true,
  },
  {
    interfaces: ["eth1"],
    tables: {},
    sets: false,
    judged: ["ip"],
    routesIn: { 7: ROUTES },
    eaten: [{ table: 7, iface: "eth1", what: "packets", set: ["net.ipv4.conf.eth1.rp_filter=2"] }],
  },
];
const copy = (config: unknown) => configSchema.parse(JSON.parse(JSON.stringify(config)));

it("whatever was asked before, of other configs and while the machine was another", () => {
  const machine = fc.constantFrom(...MACHINES);
  const asked = fc.tuple(arbitraryConfig(), arbitraryConfig(), machine, machine, fc.nat(20));
  let told = 0;
  fc.assert(
    fc.property(asked, ([one, other, before, now, at]) => {
      checkMachine(one, before);
      checkMachine(other, now);
      const mixed = { items: [...one.items.slice(at % 3), ...other.items], comment: [] };
      const said = checkMachine(mixed, now);
      expect(said).toEqual(checkMachine(copy(mixed), now));
      expect(tableWarnings(mixed, now)).toEqual(tableWarnings(copy(mixed), now));
      told += said.length;
      expect([flowsOf(mixed), check(mixed)]).toEqual([flowsOf(copy(mixed)), check(copy(mixed))]);
    }),
    { numRuns: 200 },
  );
  expect(told).toBeGreaterThan(100);
});

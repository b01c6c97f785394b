/**
 * Large configs, too large to try every packet: random ones, most of them on the borders of what rules speak of, get
 * from the analysis what the walk through the flows gives them. `FLOWMGR_PACKETS`: how many for each config.
 */
import {
  type Action,
  type Conditions,
  type Config,
  type Flow,
  flowsOf,
  interfaceMatches,
  type Packet,
  printPacket,
  SPARE_BOTH,
} from "@flowmgr/flow-model";
import { arbitraryPacket, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadRules, decide, packetChanges, searchPackets } from "../src/index.ts";
import { Space } from "../src/space/decisions.ts";
import { valuesOf } from "../src/space/fields.ts";
import { describes } from "./asked.ts";

const PACKETS = Number(process.env.FLOWMGR_PACKETS ?? 120);

/** Numbers from a seed, below a limit (mulberry32, Tommy Ettinger, public domain). */
function diceOf(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit);
  };
}

/**
 * Rules as ClassBench makes them for access lists (Taylor and Turner, 2007): addresses nested below a few roots, long
 * prefixes more often than short ones; of ports any, one, low, high or some range; one rule a flow.
 */
function accessList(count: number, seed: number): Config {
  const dice = diceOf(seed);
  const pick = <Value>(of: readonly [Value, ...Value[]]): Value => of[dice(of.length)] ?? of[0];
  const roots = Array.from({ length: 12 }, () => [10 + dice(4), dice(6), dice(256), dice(256)]);
  const network = () => {
    const prefix = pick([0, 8, 16, 20, 24, 24, 28, 32, 32, 32]);
    const [a = 10, b = 0, c = 0, d = 0] = roots[dice(roots.length)] ?? [];
    const bits =
      ((a << 24) | (b << 16) | ((prefix > 20 ? c : dice(256)) << 8) | (prefix > 28 ? d : dice(256))) >>> 0;
    const masked = prefix === 0 ? 0 : (bits & (0xffff_ffff << (32 - prefix))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (masked >>> shift) & 255).join(".")}/${prefix}`;
  };
  const is = (value: string) => ({ not: false, values: [value] });
  const ports = () =>
    pick([null, null, "80", String(dice(1024)), "0:1023", "1024:65535", `${dice(500)}:${500 + dice(9000)}`]);
  const actions: [Action, ...Action[]] = [
    { action: "permit" },
    { action: "deny" },
    { action: "deny" },
    { action: "director", director: "web" },
  ];
  const flows = Array.from({ length: count }, (_, at): Flow => {
    const [dstport, srcport] = [ports(), dice(4) === 0 ? ports() : null];
    const proto = dstport || srcport ? pick(["tcp", "tcp", "udp"]) : pick([null, "tcp", "udp", "icmp"]);
    const conditions: Conditions = {
      ...(proto && { proto: is(proto) }),
      src: is(network()),
      dst: is(network()),
      ...(srcport && { srcport: is(srcport) }),
      ...(dstport && { dstport: is(dstport) }),
    };
    const rule = { verb: "match" as const, off: false, comment: [], note: "", conditions };
    return {
      kind: "flow",
      name: `f${at}`,
      policy: pick(actions),
      skipped: false,
      comment: [],
      note: "",
      rules: [rule],
    };
  });
  return { items: flows, comment: [] };
}

const CONFIGS: [string, Config, number][] = [
  ["a thousand flows", manyFlows(1000), PACKETS],
  ["ten thousand flows", manyFlows(10_000), PACKETS / 4],
  ["an access list of a thousand rules", accessList(1000, 1), PACKETS],
];

const sample = (config: Config, count: number, seed: number): Packet[] =>
  fc.sample(arbitraryPacket(config), { numRuns: Math.ceil(count), seed });

const nameOf = ({ flow, rule }: { flow: string | null; rule: number | null }) => `${flow} ${rule}`;

describe.each(CONFIGS)("%s", (_name, config, count) => {
  const packets = sample(config, count, 1).filter(({ direction }) => direction === "in");

  it("is decided by its index, and by the diagram of what is around", { timeout: 600_000 }, () => {
    const spaces = {
      4: new Space([config], "in", 4, SPARE_BOTH),
      6: new Space([config], "in", 6, SPARE_BOTH),
    };
    let decided = 0;
    for (const packet of packets) {
      const walked = decide(config, packet);
      const space = spaces[packet.family];
      const [judged] = space.judged;
      if (!judged) throw new Error("no config");
      const values = valuesOf(space.world, packet);
      const box = [0, 1].map((level) => [values[level] ?? 0, values[level] ?? 0]);
      const found = [
        space.decide(judged, packet),
        judged.rules[space.diagram.find(space.decisions(judged, { box, set: null }), values) - judged.base],
      ];
      for (const rule of found) {
        const said = rule
          ? nameOf({ flow: rule.flow.name, rule: rule.rule === null ? null : rule.rule + 1 })
          : nameOf(walked);
        if (!rule) expect(walked.flow, printPacket(packet)).toBeNull();
        expect(said, printPacket(packet)).toBe(nameOf(walked));
      }
      if (walked.flow !== null) decided += 1;
      space.renew();
    }
    expect(decided).toBeGreaterThan(packets.length / 4);
  });

  it("changes for the packets that an edit is said to change, and for no others", {
    timeout: 600_000,
  }, () => {
    const flows = flowsOf(config);
    const at = Math.floor(flows.length / 3);
    const moved = flows.toSpliced(at, 1).toSpliced(10, 0, ...flows.slice(at, at + 1));
    const after: Config = { ...config, items: moved.toSpliced(at + 40, 3) };
    const { status, changes } = packetChanges(config, after);
    expect(status).toBe("complete");
    const touched = { items: [...flows.slice(at, at + 1), ...moved.slice(at + 40, at + 43)], comment: [] };
    const near = [...packets, ...sample(touched, count, 2).filter(({ direction }) => direction === "in")];
    const whole = changes.every((change) => change.whole);
    let changed = 0;
    for (const packet of near) {
      const [was, is] = [decide(config, packet).verdict, decide(after, packet).verdict];
      const told = changes.some(({ regions }) =>
        regions.some(
          ({ family, conditions, exceptInterfaces }) =>
            family === packet.family &&
            !exceptInterfaces.some((one) => interfaceMatches(one, packet.iface)) &&
            describes(conditions, packet),
        ),
      );
      const same = JSON.stringify(was) === JSON.stringify(is);
      if (same) expect(told, printPacket(packet)).toBe(false);
      else if (whole) expect(told, printPacket(packet)).toBe(true);
      if (!same) changed += 1;
    }
    expect(changed).toBeGreaterThan(0);
  });

  it("has no packet for a rule that is called dead, and its sample is taken before it", {
    timeout: 600_000,
  }, () => {
    const { dead } = deadRules(config);
    const covered = dead.filter(({ reason }) => reason !== "no-effect").slice(0, 40);
    const flows = new Map(flowsOf(config).map((flow) => [flow.name, flow]));
    const order = [...flows.keys()];
    for (const { flow: name, rule, by, packet: shown } of covered) {
      const flow = flows.get(name);
      if (!flow) throw new Error(name);
      for (const packet of [shown, ...sample({ items: [flow], comment: [] }, count / 40, 3)]) {
        expect(nameOf(decide(config, packet)), printPacket(packet)).not.toBe(`${name} ${rule}`);
      }
      const taken = decide(config, shown).flow ?? "";
      expect(order.indexOf(taken), printPacket(shown)).toBeLessThanOrEqual(order.indexOf(name));
      expect(by.length).toBeGreaterThan(0);
    }
  });
});

it("finds among ten thousand flows who decides what, as the walk does", { timeout: 600_000 }, () => {
  const config = manyFlows(10_000);
  const conditions: Conditions = {
    dst: { not: false, values: ["172.16.5.0/28"] },
    proto: { not: false, values: ["tcp"] },
    dstport: { not: false, values: ["22", "25"] },
  };
  const { status, groups } = searchPackets(config, { direction: "in", conditions });
  expect(status).toBe("complete");
  expect(groups.length).toBeGreaterThan(3);
  for (const { decider, regions } of groups) {
    for (const { packet } of regions) {
      const decision = decide(config, packet);
      expect(decision.verdict, printPacket(packet)).toEqual(decider.verdict);
      if (decider.others === 0)
        expect(decision.flow === null ? [] : decider.by.map(nameOf), printPacket(packet)).toEqual(
          decision.flow === null ? [] : expect.arrayContaining([nameOf(decision)]),
        );
    }
  }
});

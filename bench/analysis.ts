/**
 * What the analysis costs, and what it finds beside a pairwise containment check (each rule against each earlier one,
 * as Capirca's shade check does): `node bench/analysis.ts [flows ...]`
 *
 * Milliseconds of the processor, which other work on the machine disturbs least. "cold": a config that nobody has read
 * yet; "warm": one of which most flows were there before, as while editing.
 */
import {
  deadRules,
  findLockouts,
  type Guarded,
  judgeExpectations,
  packetChanges,
  searchPackets,
  tracer,
} from "@flowmgr/flow-analysis";
import { type Conditions, type Config, type Flow, flowsOf, type Packet, parse } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { machine } from "./machine.ts";
import { classBenchLike, randomBoxes } from "./rule-sets.ts";
import { containedRules } from "./shade-check.ts";

type Answer = { status: "complete" | "partial"; found: number | string };

function row(columns: readonly (string | number)[]): void {
  const widths = [16, 6, 38, 9, 9, 10];
  console.log(columns.map((column, at) => String(column).padEnd(widths[at] ?? 0)).join(" "));
}

function measure(set: string, flows: number, what: string, work: () => Answer): void {
  const before = process.cpuUsage();
  const start = performance.now();
  const { status, found } = work();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  row([set, flows, what, ((user + system) / 1000).toFixed(1), wall.toFixed(0), status, found]);
}

const fresh = (config: Config): Config => structuredClone(config);

function edited(config: Config, change: (flows: Flow[]) => Flow[]): Config {
  return { ...config, items: change([...flowsOf(config)]) };
}

function moved(config: Config, from: number): Config {
  return edited(config, (flows) => {
    const [flow] = flows.splice(from, 1);
    return flow ? [...flows.slice(0, 3), flow, ...flows.slice(3)] : flows;
  });
}

function changed(config: Config, at: number): Config {
  const conditions: Conditions = { src: { not: false, values: ["10.9.0.0/16"] } };
  return edited(config, (flows) =>
    flows.map((flow, index) => {
      if (index !== at) return flow;
      return {
        ...flow,
        rules: flow.rules.map((rule) => ({ ...rule, conditions: { ...rule.conditions, ...conditions } })),
      };
    }),
  );
}

function added(config: Config): Config {
  const [flow] = flowsOf(parse("flow new deny match proto tcp dst 172.16.0.0/28 dstport 25:443").config);
  return edited(config, (flows) => (flow ? [flow, ...flows] : flows));
}

function withoutLast(config: Config): Config {
  return edited(config, (flows) =>
    flows.map((flow, at) => (at === flows.length - 1 ? { ...flow, skipped: true } : flow)),
  );
}

/** Other services, networks and places: nothing but the last flow and the kinds of rules is the same. */
function another(config: Config): Config {
  const flows = flowsOf(manyFlows(2 * config.items.length));
  return { ...config, items: flows.slice(config.items.length) };
}

const diff = (before: Config, after: Config) => (): Answer => {
  const { status, total } = packetChanges(before, after);
  return { status, found: total };
};

function measureEdits(set: string, size: number, config: Config): void {
  const middle = Math.floor(size / 2);
  const edits: [string, (config: Config, round: number) => Config][] = [
    ["flow moved", (one, round) => moved(one, Math.min(middle + 10 * round, size - 1))],
    ["rule changed", (one, round) => changed(one, Math.min(middle + 10 * round, size - 1))],
    ["flow added", (one) => added(one)],
    ["final flow switched off", (one) => withoutLast(one)],
  ];
  for (const [what, edit] of edits) {
    const unread = fresh(config);
    measure(set, size, `${what}, cold`, diff(unread, edit(unread, 0)));
    const next = edit(unread, 1);
    measure(set, size, `${what}, warm`, diff(unread, next));
  }
  measure(set, size, "equal configs, cold", diff(fresh(config), fresh(config)));
}

function packetsTo(size: number): Packet[] {
  return Array.from({ length: 100_000 }, (_, at): Packet => {
    const src = BigInt(0x0a00_0000 + ((at * 7919) % 0x0100_0000));
    const dst = BigInt(0xac10_0000 + (at % size));
    const ports = { srcport: 1024, dstport: [22, 25, 110, 443][at % 4] };
    return { direction: "in", family: 4, iface: "eth0", proto: 6, src, dst, ...ports };
  });
}

const SSH: Conditions = {
  proto: { not: false, values: ["tcp"] },
  src: { not: false, values: ["10.0.5.7"] },
  dst: { not: false, values: ["172.16.0.5"] },
  dstport: { not: false, values: ["22"] },
};

function measureQuestions(set: string, size: number, config: Config): void {
  const packets = packetsTo(size);
  const { decide } = tracer(config);
  for (const packet of packets) decide(packet);
  measure(set, size, "who decides, 100 000 packets", () => {
    const decided = packets.filter((packet) => decide(packet).flow !== null);
    return { status: "complete", found: decided.length };
  });
  const guarded: Guarded = {
    what: "connection",
    direction: "in",
    conditions: SSH,
    name: "ssh",
    blocks: true,
  };
  const expect = parse("expect permit proto tcp src 10.0.5.7 dst 172.16.0.5 dstport 22").config.items;
  for (const heat of ["cold", "warm"]) {
    const asked = heat === "cold" ? fresh(config) : config;
    measure(set, size, `lock-out, ${heat}`, () => {
      const { status, findings } = findLockouts(asked, [guarded]);
      return { status, found: findings.length };
    });
    measure(set, size, `expectation, ${heat}`, () => {
      const { status, expectations } = judgeExpectations({ ...asked, items: [...asked.items, ...expect] });
      return { status, found: expectations[0]?.status ?? "" };
    });
    measure(set, size, `search, one destination, ${heat}`, () => {
      const conditions = { dst: { not: false, values: ["172.16.0.5"] } };
      const { status, groups } = searchPackets(asked, { direction: "in", conditions });
      return { status, found: groups.length };
    });
  }
}

function measureDead(set: string, size: number, config: Config): void {
  measure(set, size, "dead rules, cold", () => {
    const { status, dead, open } = deadRules(fresh(config));
    return { status, found: open.length > 0 ? `${dead.length}, ${open.length} open` : dead.length };
  });
  measure(set, size, "dead rules, warm", () => {
    const { status, dead } = deadRules(config);
    return { status, found: dead.length };
  });
  const result = deadRules(config);
  const next = moved(config, size >> 1);
  measure(set, size, "dead rules, after a flow moved", () => {
    const { status, dead } = deadRules(next, { previous: { config, result } });
    return { status, found: dead.length };
  });
  measure(set, size, "pairwise containment", () => ({ status: "complete", found: containedRules(config) }));
}

const asked = process.argv.slice(2).map(Number);
const sizes = asked.length > 0 ? asked : [10, 100, 1000, 10_000];
console.log(machine());
row(["rules", "flows", "what", "CPU ms", "wall ms", "answer", "found"]);
for (const size of sizes) {
  const config = manyFlows(size);
  measureDead("load balancer", size, config);
  measureEdits("load balancer", size, config);
  measure("load balancer", size, "unrelated configs", diff(config, another(config)));
  measureQuestions("load balancer", size, config);
  const hard = classBenchLike(size, 1);
  measureDead("ClassBench-like", size, hard);
  measure("ClassBench-like", size, "flow moved", diff(hard, moved(hard, size >> 1)));
  measure("ClassBench-like", size, "unrelated configs", diff(hard, classBenchLike(size, 2)));
}
for (const size of [100, 300, 1000].filter((one) => one <= Math.max(...sizes))) {
  const boxes = randomBoxes(size);
  measureDead("random 4-D boxes", size, boxes);
  measure("random 4-D boxes", size, "flow moved", diff(boxes, moved(boxes, size >> 1)));
}
console.log(`memory at its highest: ${Math.round(process.resourceUsage().maxRSS / 1000)} MB`);

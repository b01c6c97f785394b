/** Rules that are called dead are, and no others: found out by trying every packet. */
import {
  type Config,
  checkText,
  expandLists,
  flowsOf,
  type Packet,
  print,
  printPacket,
  takesIcmpError,
} from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeadRules, deadRules, decide } from "../src/index.ts";
import { walk } from "../src/walk.ts";
import { everyPacket, richConfigs, tinyConfigs } from "./tiny.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 30);

/** By the name of each rule the packets that come to it and that it holds for. */
function reached(config: Config, packets: readonly Packet[]): Map<string, Packet[]> {
  const found = new Map<string, Packet[]>();
  for (const packet of packets) {
    walk(config, packet, {}, ({ flow, number, held }) => {
      if (!held.holds) return;
      const name = `${flow.name} ${number}`;
      const known = found.get(name);
      if (known) known.push(packet);
      else found.set(name, [packet]);
    });
  }
  return found;
}

function without(config: Config, flowAt: number, ruleAt: number): Config {
  const chosen = flowsOf(config)[flowAt];
  const items = config.items.map((item) => {
    if (!chosen || item !== chosen) return item;
    return {
      ...chosen,
      rules: chosen.rules.map((rule, index) => (index === ruleAt ? { ...rule, off: true } : rule)),
    };
  });
  return { ...config, items };
}

const verdictsOf = (config: Config, packets: readonly Packet[]) =>
  packets.map((packet) => JSON.stringify(decide(config, packet).verdict));

function judge(config: Config): void {
  const packets = everyPacket(config);
  const { status, dead } = deadRules(config);
  expect(status).toBe("complete");
  const reasons = new Map(dead.map(({ flow, rule, reason }) => [`${flow} ${rule}`, reason]));
  const acting = reached(config, packets);
  for (const [flowAt, flow] of flowsOf(config).entries()) {
    for (const [ruleAt, rule] of flow.rules.entries()) {
      const name = `${flow.name} ${ruleAt + 1}`;
      const reason = reasons.get(name) ?? "acts";
      if (rule.off || flow.skipped) {
        expect(reason, `${print(config)}\n${name}`).toBe("acts");
        continue;
      }
      const taken = acting.get(name);
      const lacking = without(config, flowAt, ruleAt);
      const same = (some: readonly Packet[]) =>
        verdictsOf(lacking, some).join() === verdictsOf(config, some).join();
      const whole = flowsOf(expandLists(config))[flowAt] ?? flow;
      const less = flowsOf(expandLists(lacking))[flowAt] ?? flow;
      const loses = packets.some((packet) => takesIcmpError(whole, packet) && !takesIcmpError(less, packet));
      const expected = taken ? same(taken) && !loses && /^no-effect$/ : same(packets) && /^covered-/;
      expect(reason, `${print(config)}\n${name}`).toMatch(expected || /^acts$/);
    }
  }
}

describe("deadRules", () => {
  it("says of every rule what trying every packet says", () => {
    let cells = 0;
    fc.assert(
      fc.property(fc.oneof(tinyConfigs, richConfigs), (config) => {
        cells += everyPacket(config).length;
        judge(config);
      }),
      { numRuns: RUNS },
    );
    expect(cells).toBeGreaterThan(200 * RUNS);
  });

  it("says after an edit what it says without knowing what was before", () => {
    const reasons = ({ status, dead }: DeadRules) => [
      status,
      ...dead.map(({ flow, rule, reason }) => `${flow} ${rule} ${reason}`),
    ];
    let rejudged = 0;
    const edits = fc.tuple(
      fc.oneof(tinyConfigs, richConfigs),
      richConfigs,
      fc.constantFrom("move", "remove", "insert", "rule"),
      fc.nat(3),
    );
    fc.assert(
      fc.property(edits, ([config, other, edit, at]) => {
        const flows = flowsOf(config);
        const chosen = flows[at % flows.length];
        const others = flows.filter((flow) => flow !== chosen);
        const items = {
          move: chosen ? [...others, chosen] : flows,
          remove: others,
          insert: [...flowsOf(other).map((flow) => ({ ...flow, name: `new-${flow.name}` })), ...flows],
          rule: flows.map((flow) => (flow === chosen ? { ...flow, rules: flow.rules.slice(1) } : flow)),
        };
        const { items: lists } = edit === "insert" ? other : config;
        const after = { ...config, items: [...lists.filter(({ kind }) => kind === "list"), ...items[edit]] };
        const result = deadRules(config);
        const again = deadRules(after, { previous: { config, result } });
        expect(reasons(again), `${print(config)}\n=>\n${print(after)}`).toEqual(reasons(deadRules(after)));
        if (again.dead.some((one) => !result.dead.includes(one))) rejudged += 1;
        // What was kept once is kept again, or not.
        const back = deadRules(config, { previous: { config: after, result: again } });
        expect(reasons(back), `${print(after)}\n=>\n${print(config)}`).toEqual(reasons(result));
      }),
      { numRuns: 5 * RUNS },
    );
    expect(rejudged).toBeGreaterThan(RUNS / 4);
  });

  it("finds the ignore that covers a rule, whoever else takes some of its packets", () => {
    const rule = "flow f permit ignore match src 10.0.0.0/8";
    for (const text of [rule, `flow before permit match iface lo+ ${rule}`]) {
      const { dead } = deadRules(checkText(text).config);
      expect(dead).toMatchObject([
        { flow: "f", rule: 2, reason: "covered-by-one", by: [{ flow: "f", rule: 1 }] },
      ]);
    }
  });

  it("judges a director's rule anew when others take its ICMP errors", () => {
    const { config } = checkText("flow b director web match proto tcp match proto tcp dst 10.0.0.1");
    const before = deadRules(config);
    expect(before.dead).toEqual([]);
    const { config: errors } = checkText("flow a permit match proto icmp dst 10.0.0.1");
    const after = { ...config, items: [...errors.items, ...config.items] };
    const { dead } = deadRules(after, { previous: { config, result: before } });
    expect(dead).toMatchObject([{ flow: "b", rule: 2, reason: "covered-by-one" }]);
  });

  it("judges few rules of many anew", () => {
    const config = manyFlows(500);
    const flows = flowsOf(config);
    const { config: twice } = checkText(
      "flow twice deny match src 10.0.102.0/24 flow third deny match src 10.0.102.7",
    );
    const after = { ...config, items: [...flows.slice(0, -1), ...twice.items, ...flows.slice(-1)] };
    let asked = 0;
    const stop = () => {
      asked += 1;
      return false;
    };
    const found = deadRules(after, { previous: { config, result: deadRules(config) }, stop });
    expect(found.dead.map(({ flow, reason }) => `${flow} ${reason}`)).toEqual([
      "twice covered-by-one",
      "third covered-by-one",
    ]);
    const looks = asked;
    deadRules(after, { stop });
    // A look comes every so many steps.
    expect(asked - looks).toBeGreaterThan(looks);
  });

  it.each([
    ["flow a deny match src 10.0.0.0/8 flow b permit match src 10.1.0.0/16", "b 1 covered-by-one by a 1"],
    [
      "flow a deny match src 10.0.0.0/9 match src 10.128.0.0/9 flow b permit match src 10.0.0.0/8",
      "b 1 covered-together by a 1, a 2",
    ],
    ["flow a permit ignore src 10.0.0.1 match src 10.0.0.1", "a 2 covered-by-one by a 1"],
    ["flow a deny match src 10.1.0.0/16 flow b deny match src 10.0.0.0/8", "a 1 no-effect by b 1"],
    ["flow a permit match src 10.0.0.0/8 flow b deny match src 10.0.0.0/7", ""],
    ["outflow a deny match dst 10.0.0.0/8 flow b deny match dst 10.0.0.0/8", ""],
    ["flow a deny match src 10.0.0.0/8 flow b permit match src { 10.0.0.1, 2001:db8::1 }", ""],
    // One packet in billions comes to b: no sample finds it, and "covered by a 2" would be wrong.
    [
      "flow a deny ignore src 10.0.0.1 srcport 12345 dstport 23456 match src 10.0.0.0/8 flow b permit match src 10.0.0.0/8",
      "",
    ],
    // Without a 1 its connections would be b's all the same, but would lose their ICMP errors.
    ["flow a director web match proto tcp dst 10.0.0.1 flow b director web match proto tcp", ""],
    ["flow a director web match proto tcp match proto tcp dst 10.0.0.1", ""],
    // Others have these: another rule of its flow, or a flow before it.
    [
      "flow a director web match proto tcp dst 10.0.0.0/8 match proto tcp dst 10.0.0.1",
      "a 2 covered-by-one by a 1",
    ],
    [
      "flow a permit match dst 10.0.0.1 flow b director web match proto tcp dst 10.0.0.1",
      "b 1 covered-by-one by a 1",
    ],
    // No name of a table has a number here, so nobody knows whether both are one.
    ["flow a table blue match src 10.1.0.0/16 flow b table green match src 10.0.0.0/8", ""],
    [
      "flow a table blue match src 10.1.0.0/16 flow b table blue match src 10.0.0.0/8",
      "a 1 no-effect by b 1",
    ],
  ])("%s", (text, expected) => {
    const { config } = checkText(text);
    const { dead } = deadRules(config);
    const said = dead.map(({ flow, rule, reason, by }) => {
      const names = by.map((one) => `${one.flow} ${one.rule}`).sort();
      return `${flow} ${rule} ${reason} by ${names.join(", ")}`;
    });
    expect(said.join("; ")).toBe(expected);
    for (const { packet } of dead) expect(printPacket(packet)).toMatch(/^\S+ \S+ -> \S+/);
  });
});

/** What is said to hold does, and what fails has a packet for it: found out by trying every packet. */
import { type Conditions, checkText, type Expect, type Packet, print } from "@flowmgr/flow-model";
import { arbitraryConfig } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, judgeExpectations, type TraceOptions } from "../src/index.ts";
import { besides, describes, tinyConditions } from "./asked.ts";
import { everyPacket, tinyConfigs } from "./tiny.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 100);

const VERDICTS: readonly Expect["verdict"][] = [
  { action: "permit" },
  { action: "deny" },
  { action: "director", director: "web" },
  { action: "director", director: "mail" },
  { action: "undecided" },
];

const expecting = (conditions: Conditions, verdict: Expect["verdict"]): Expect => ({
  kind: "expect",
  direction: "in",
  verdict,
  conditions,
  comment: [],
  note: "",
});

/** The expectations that a packet refutes, each as what was said of it. */
function judged(text: string, options: TraceOptions = {}) {
  const { config, diagnostics } = checkText(text);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const { status, expectations: all } = judgeExpectations(config, options);
  expect(status).toBe(all.some((one) => one.status === "open") ? "partial" : "complete");
  return all.map(({ status, packet, decision }) => {
    expect(packet !== null).toBe(status === "fails");
    if (packet) expect(decision).toEqual(decide(config, packet, options));
    return decision ? `${status}: ${decision.verdict.action} ${decision.flow} ${decision.rule}` : status;
  });
}

describe("judgeExpectations", () => {
  it("says of each what trying every packet says", () => {
    const seen = { holds: 0, fails: 0 };
    fc.assert(
      fc.property(tinyConfigs, fc.array(tinyConditions, { maxLength: 2 }), (flows, sets) => {
        const expected = sets.flatMap((one) => VERDICTS.map((verdict) => expecting(one, verdict)));
        const config = { ...flows, items: [...expected, ...flows.items] };
        const { status, expectations: results } = judgeExpectations(config);
        expect(status).toBe("complete");
        expect(results.map(({ index }) => index)).toEqual(expected.map((_, at) => at));
        const packets = everyPacket(besides(flows, sets));
        const verdictOf = (packet: Packet) => JSON.stringify(decide(flows, packet).verdict);
        const found = sets.map(
          (one) => new Set(packets.filter((packet) => describes(one, packet)).map(verdictOf)),
        );
        for (const [at, { verdict, conditions }] of expected.entries()) {
          const wanted = JSON.stringify(verdict);
          const others = [...(found[Math.floor(at / VERDICTS.length)] ?? [])].filter((one) => one !== wanted);
          const result = results[at];
          if (!result || result.status === "open") throw new Error("no result");
          expect(result.status, print(config)).toBe(others.length > 0 ? "fails" : "holds");
          seen[result.status] += 1;
          if (!result.packet) continue;
          expect(describes(conditions, result.packet), print(config)).toBe(true);
          expect(result.decision).toEqual(decide(flows, result.packet));
          expect(others).toContain(JSON.stringify(result.decision?.verdict));
        }
      }),
      { numRuns: RUNS },
    );
    // Both answers were put to the test.
    expect(Math.min(seen.holds, seen.fails)).toBeGreaterThan(0);
  });

  it("never holds for want of packets: check refuses such a set", () => {
    const some = arbitraryConfig({ maxFlows: 1, comments: false });
    fc.assert(
      fc.property(some, (config) => {
        const turned = (action: "permit" | "deny") => ({
          ...config,
          items: config.items.map((item) =>
            item.kind === "expect" ? { ...item, verdict: { action } } : item,
          ),
        });
        const [permitted, denied] = [turned("permit"), turned("deny")].map(
          (one) => judgeExpectations(one).expectations,
        );
        for (const [at, result] of (permitted ?? []).entries())
          expect([result.status, denied?.[at]?.status], print(config)).toContain("fails");
      }),
      { numRuns: 2 * RUNS },
    );
  });

  it.each([
    ["nothing decides", "expect undecided", ["holds"]],
    ["nothing decides", "expect deny", ["fails: undecided null null"]],
    ["one packet", "flow a deny match expect deny proto tcp src 10.0.0.1 dst 10.0.0.2 dstport 22", ["holds"]],
    [
      "a hole",
      "flow a permit match dstport 23 flow b deny match expect deny dstport 22:24",
      ["fails: permit a 1"],
    ],
    ["an off flow", "flow a skip permit match flow b deny match expect deny dstport 22", ["holds"]],
    ["an off rule", "flow a permit off match flow b deny match expect deny dstport 22", ["holds"]],
    [
      "the other family",
      "flow a deny match src 0.0.0.0/0 expect deny dstport 22 expect deny src 0.0.0.0/0",
      ["fails: undecided null null", "holds"],
    ],
    [
      "lists",
      "list office { 10.0.0.0/8 } flow a permit match src @office flow b deny match expect deny not src @office expect permit src { @office, 11.0.0.1 }",
      ["holds", "fails: deny b 1"],
    ],
    [
      "the machine's own packets, spared unless they are named",
      "flow a deny match expect deny expect deny iface lo expect undecided iface lo",
      ["holds", "fails: undecided null null", "holds"],
    ],
    [
      "neighbour discovery, spared unless it is named",
      "flow a deny match expect deny src ::/0 expect deny proto icmp6 icmptype 135",
      ["holds", "fails: undecided null null"],
    ],
    [
      "the direction",
      "flow a deny match outflow b permit match expect deny expect flow deny expect outflow permit expect outflow deny",
      ["holds", "holds", "holds", "fails: permit b 1"],
    ],
    [
      "directors by name, whichever flow leads there",
      "flow a director web match dstport 80 flow b director web match dstport 443 flow c director mail match dstport 25 expect director web dstport { 80, 443 } expect director web dstport { 80, 25 }",
      ["holds", "fails: director c 1"],
    ],
    [
      "a director's ICMP errors are its own",
      "flow a director web match proto tcp dst 10.0.0.1 dstport 80 expect director web dst 10.0.0.1 proto icmp icmptype 3 expect undecided dst 10.0.0.1 proto icmp",
      ["holds", "fails: director a null"],
    ],
  ])("%s: %s", (_, text, expected) => {
    expect(judged(text)).toEqual(expected);
  });

  it("compares tables by number, and says nothing where nobody knows it", () => {
    const text = "flow a table main match dstport 22 flow b table office match expect table 254 dstport 22";
    expect(judged(text)).toEqual(["holds"]);
    const office = `${text} expect table office not dstport 22 expect table 100 not dstport 22`;
    expect(judged(office)).toEqual(["holds", "holds", "open"]);
    const tables = (number: number) => new Map([["office", number]]);
    expect(judged(office, { tables: tables(100) })).toEqual(["holds", "holds", "holds"]);
    expect(judged(office, { tables: tables(101) })).toEqual(["holds", "holds", "fails: table b 1"]);
  });

  it("judges what is spared where that is asked for", () => {
    const text =
      "flow a permit match iface eth0 flow b deny match expect deny iface lo expect deny not iface eth0";
    expect(judged(text)).toEqual(["fails: undecided null null", "holds"]);
    expect(judged(text, { loopback: "judge", neighbours: "judge" })).toEqual(["holds", "holds"]);
  });

  it("shows a packet of the first rule that refutes it, with what that rule names", () => {
    const flows = "flow a permit match dstport 80 flow b deny match dst 192.168.0.1 dstport 22";
    const { config } = checkText(`${flows} expect permit dst 192.168.0.0/24`);
    const [result] = judgeExpectations(config).expectations;
    expect(result?.packet).toMatchObject({ family: 4, proto: 6, dst: 0xc0a80001n, dstport: 22 });
    expect(result?.decision).toMatchObject({ flow: "b", rule: 1 });
  });

  it("is open where it is stopped, and partial for it", () => {
    const { config } = checkText("flow a deny match expect deny list b { 1 } expect permit");
    expect(judgeExpectations(config, { stop: () => true })).toEqual({
      status: "partial",
      expectations: [1, 3].map((index) => ({ index, status: "open", packet: null, decision: null })),
    });
    expect(judgeExpectations({ items: [], comment: [] }, { stop: () => true }).status).toBe("complete");
    let asked = 0;
    judgeExpectations(config, {
      stop: () => {
        asked += 1;
        return true;
      },
    });
    // Once for each of the two: what was not begun costs nothing.
    expect(asked).toBe(2);
  });
});

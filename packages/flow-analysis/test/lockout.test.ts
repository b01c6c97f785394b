/** What is said to be lost is, and nothing else: found out by trying every packet. */
import { type Conditions, checkText, print } from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, findLockouts, type Guarded } from "../src/index.ts";
import { besides, describes, tinyConditions } from "./asked.ts";
import { everyPacket, tinyConfigs } from "./tiny.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 100);

const guard = (conditions: Conditions, more: Partial<Guarded> = {}): Guarded => ({
  what: "connection",
  direction: "in",
  conditions,
  name: "it",
  blocks: true,
  ...more,
});

const isLost = ({ verdict: { action } }: { verdict: { action: string } }) =>
  action !== "permit" && action !== "undecided";

describe("findLockouts", () => {
  it("finds what is lost of several sets, and who takes it, as trying every packet does", () => {
    fc.assert(
      fc.property(
        tinyConfigs,
        fc.array(fc.tuple(tinyConditions, fc.boolean()), { maxLength: 3 }),
        (config, sets) => {
          const guarded = sets.map(([conditions, some]) => guard(conditions, some ? { some: true } : {}));
          const { status, findings } = findLockouts(config, guarded);
          expect(status).toBe("complete");
          const packets = everyPacket(
            besides(
              config,
              sets.map(([conditions]) => conditions),
            ),
          );
          const expected = sets.flatMap(([conditions, some], at) => {
            const mine = packets.filter((packet) => describes(conditions, packet));
            const decisions = mine.map((packet) => decide(config, packet));
            if (some && decisions.some((one) => !isLost(one))) return [];
            const lost = decisions.filter((one) => isLost(one) && !one.icmpErrors);
            const verdicts = new Set(lost.map(({ verdict }) => JSON.stringify(verdict)));
            return [...verdicts].map((verdict) => {
              const takers = lost.filter((one) => JSON.stringify(one.verdict) === verdict);
              const by = new Set(takers.map(({ flow, rule }) => JSON.stringify({ flow, rule })));
              return { at, verdict, by: [...by].toSorted() };
            });
          });
          const found = findings.map(({ guarded: at, decider }) => {
            expect(decider.others).toBe(0);
            return {
              at,
              verdict: JSON.stringify(decider.verdict),
              by: decider.by.map((one) => JSON.stringify(one)).toSorted(),
            };
          });
          const inOrder = (all: typeof found) => all.map((one) => JSON.stringify(one)).toSorted();
          for (const [at, [, some]] of sets.entries()) {
            const [mine, due] = [found, expected].map((all) => inOrder(all.filter((one) => one.at === at)));
            // One verdict is told of a set that is lost as a whole, whichever rule is the greediest.
            if (!some) expect(mine, print(config)).toEqual(due);
            else {
              expect(mine, print(config)).toHaveLength(Math.min(1, due?.length ?? 0));
              expect(due, print(config)).toEqual(expect.arrayContaining(mine ?? []));
            }
          }
          for (const { guarded: at, decider, packet } of findings) {
            expect(describes(sets[at]?.[0] ?? {}, packet)).toBe(true);
            expect(decide(config, packet).verdict).toEqual(decider.verdict);
          }
        },
      ),
      { numRuns: RUNS },
    );
  });

  const CLIENT = { proto: { not: false, values: ["tcp"] }, src: { not: false, values: ["10.0.0.7"] } };
  const found = (text: string, guarded: Guarded) =>
    findLockouts(checkText(text).config, [guarded]).findings.map(
      ({ decider: { verdict, by, others } }) =>
        `${verdict.action}: ${by.map(({ flow, rule }) => `${flow} ${rule}`).join(", ")}${others > 0 ? ` +${others}` : ""}`,
    );

  it.each([
    ["flow a permit match src 10.0.0.0/8 flow b deny match", []],
    ["flow a deny match src 10.0.0.8", []],
    ["flow a deny match", ["deny: a 1"]],
    ["flow a director web match src 10.0.0.0/8", ["director: a 1"]],
    ["flow a table 100 match src 10.0.0.0/8", ["table: a 1"]],
    ["flow a skip deny match", []],
    ["flow a deny match iface lo", []],
    ["outflow a deny match", []],
    ["flow a deny match dstport 22 flow b director web match dstport 80", ["deny: a 1", "director: b 1"]],
    [
      `flow a deny ${[1, 2, 3, 4, 5, 6, 7].map((port) => `match dstport ${port}`).join(" ")}`,
      ["deny: a 1, a 2, a 3, a 4, a 5 +2"],
    ],
  ])("%s", (text, expected) => {
    expect(found(text, guard(CLIENT))).toEqual(expected);
  });

  it.each([
    ["flow a deny match not src 10.0.0.0/8", []],
    ["flow a deny match proto tcp", ["deny: a 1"]],
    ["flow a deny match src 0.0.0.0/0", []],
    ["flow a deny match src 10.0.0.0/8 flow b deny match", ["deny: b 1, a 1"]],
    ["flow a deny match src 0.0.0.0/0 flow b director web match src ::/0", ["deny: a 1"]],
    ["flow a deny match src 10.0.0.0/8 flow b director web match", ["director: b 1"]],
  ])("as long as somebody gets in: %s", (text, expected) => {
    expect(found(text, guard({ proto: { not: false, values: ["tcp"] } }, { some: true }))).toEqual(expected);
  });

  it.each([
    ["flow a director web match dst 10.0.0.0/31 proto tcp flow b deny match", []],
    ["flow a director web match dst 10.0.0.1 proto tcp flow b deny match", ["deny: b 1"]],
    ["flow a director web match dst 10.0.0.1 proto tcp", []],
    ["flow a deny match flow b director web match dst 10.0.0.0/31 proto tcp", ["deny: a 1"]],
    ["flow a director web match", ["director: a 1"]],
  ])("nobody is to blame for ICMP errors that the end of a director's flow takes: %s", (text, expected) => {
    const errors: Conditions = {
      proto: { not: false, values: ["icmp"] },
      icmptype: { not: false, values: ["3", "11", "12"] },
      dst: { not: false, values: ["10.0.0.0", "10.0.0.1"] },
      state: { not: false, values: ["related"] },
    };
    expect(found(text, guard(errors, { what: "replies", some: true }))).toEqual(expected);
  });

  it("says so when it is stopped, whichever sets it had come to", () => {
    const { config } = checkText("flow a deny match src 10.0.0.0/8");
    expect(findLockouts(config, [guard(CLIENT)], { stop: () => true })).toEqual({
      status: "partial",
      findings: [],
    });
    expect(findLockouts(config, [guard({}, { some: true })], { stop: () => true }).status).toBe("partial");
    expect(findLockouts(config, [], { stop: () => true })).toEqual({ status: "complete", findings: [] });
  });
});

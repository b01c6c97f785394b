/**
 * The set algebra held against Z3: random rules, what the diagram makes of them, printed as regions in the words of the
 * language, and proven to be the same packets as the formula says; over all of them, IPv6 addresses whole.
 * `FLOWMGR_RUNS`: how many configs.
 */
import {
  type Config,
  checkText,
  type Family,
  type MeaningOptions,
  print,
  SPARE_BOTH,
} from "@flowmgr/flow-model";
import { arbitraryConfig } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Space } from "../src/space/decisions.ts";
import { describeSet } from "../src/space/described.ts";
import { LEVEL } from "../src/space/levels.ts";
import { NONE, type Node } from "../src/space/node-store.ts";
import type { JudgingRule } from "../src/space/rules.ts";
import { and, not, Oracle, or } from "./oracle.ts";

const RUNS = Number(process.env.FLOWMGR_RUNS ?? 12);
/** A config takes a tenth of a second. */
const TIMEOUT = 60_000 + RUNS * 5_000;
/** More regions than any of these sets needs. */
const MOST = 400;

const meanings: fc.Arbitrary<MeaningOptions> = fc.record({
  loopback: fc.constantFrom("spare", "judge"),
  neighbours: fc.constantFrom("spare", "judge"),
});
const families = fc.constantFrom<Family[]>(4, 6);

type Case = { space: Space; oracle: Oracle; rules: JudgingRule[]; saying: string };

/** The rules of a config that hold for something, the directors' ICMP errors left out. */
function caseOf(config: Config, family: Family, meaning: MeaningOptions): Case {
  const space = new Space([config], "in", family, meaning);
  const rules = (space.judged[0]?.rules ?? []).filter(({ rule, boxes }) => rule !== null && boxes.length > 0);
  return { space, oracle: new Oracle(family, meaning), rules, saying: print(config) };
}

const conditionsOf = ({ flow, rule }: JudgingRule) => flow.rules[rule ?? 0]?.conditions ?? {};
const nodeOf = (space: Space, { boxes }: JudgingRule): Node =>
  space.diagram.overrideAll(boxes.map((box) => space.boxNode(box)));

/** The set as it is told to people, read back by the oracle. */
function told({ space, oracle }: Case, set: Node): ReturnType<Oracle["holds"]> {
  const { regions, whole } = describeSet(space, set, MOST);
  expect(whole).toBe(true);
  return or(...regions.map(({ conditions, exceptInterfaces }) => oracle.holds(conditions, exceptInterfaces)));
}

it("says of each rule which packets it holds for", { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(arbitraryConfig(), families, meanings, (config, family, meaning) => {
      const one = caseOf(config, family, meaning);
      for (const rule of one.rules.slice(0, 4)) {
        const said = one.oracle.holds(conditionsOf(rule));
        expect(one.oracle.differing(told(one, nodeOf(one.space, rule)), said), one.saying).toBeNull();
      }
    }),
    { numRuns: RUNS },
  );
});

it("overrides, restricts, takes away and pairs as logic does", { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(arbitraryConfig(), families, meanings, (config, family, meaning) => {
      const one = caseOf(config, family, meaning);
      const { diagram } = one.space;
      const [first, second, third] = one.rules;
      if (!first || !second) return;
      const [a, b, c] = [first, second, third ?? first].map((rule) => nodeOf(one.space, rule));
      const [A, B, C] = [first, second, third ?? first].map((rule) => one.oracle.holds(conditionsOf(rule)));
      if (a === undefined || b === undefined || c === undefined || !A || !B || !C)
        throw new Error("no rules");
      const sets: [Node, typeof A][] = [
        [diagram.override(a, b), or(A, B)],
        [diagram.minus(a, b), and(A, not(B))],
        [diagram.restrict(a, b), and(A, B)],
        [diagram.minus(diagram.override(a, b), diagram.restrict(b, c)), and(or(A, B), not(and(B, C)))],
        [diagram.pair(a, b, (x, y) => (x === y ? 0 : 1)), and(or(A, B), not(and(A, B)))],
        [
          diagram.map(
            diagram.override(
              diagram.map(a, () => 2),
              b,
            ),
            (number) => (number === 2 ? 0 : 1),
          ),
          and(B, not(A)),
        ],
      ];
      for (const [set, formula] of sets) {
        expect(one.oracle.differing(told(one, set), formula), one.saying).toBeNull();
      }
    }),
    { numRuns: RUNS },
  );
});

it("projects on the ports that some packet of a set has", { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(arbitraryConfig(), families, (config, family) => {
      const one = caseOf(config, family, SPARE_BOTH);
      const [first, second = first] = one.rules;
      if (!first || !second) return;
      const ported = one.space.boxNode(Object.assign([], { [LEVEL.proto]: [6, 6] }));
      const set = one.space.diagram.restrict(
        one.space.diagram.minus(nodeOf(one.space, first), nodeOf(one.space, second)),
        ported,
      );
      const formula = told(one, set);
      const intervals = one.space.diagram.project(set, LEVEL.dstport, 65_535);
      expect(
        one.oracle.possible(and(formula, not(one.oracle.destinationIn(intervals)))),
        one.saying,
      ).toBeNull();
      for (const end of intervals.slice(0, 8)) {
        expect(
          one.oracle.possible(and(formula, one.oracle.destinationIn([end, end]))),
          one.saying,
        ).not.toBeNull();
      }
    }),
    { numRuns: RUNS },
  );
});

it("gives each packet of a config to the first rule that ends a visit", { timeout: TIMEOUT }, () => {
  let proven = 0;
  fc.assert(
    fc.property(arbitraryConfig(), families, meanings, (config, family, meaning) => {
      const one = caseOf(config, family, meaning);
      const { space, oracle } = one;
      const [judged] = space.judged;
      if (!judged || judged.rules.length > 12) return;
      const root = space.decisions(judged, { box: [], set: null });
      let earlier = or();
      let inFlow = or();
      for (const [at, rule] of judged.rules.entries()) {
        if (judged.rules[at - 1]?.flowIndex !== rule.flowIndex) inFlow = or();
        // A director's ICMP errors are no rule that could be written; what is behind them cannot be told without.
        if (rule.rule === null) return;
        const held = and(oracle.holds(conditionsOf(rule)), not(inFlow), not(earlier));
        inFlow = or(inFlow, oracle.holds(conditionsOf(rule)));
        const set = space.diagram.map(root, (number) => (number === judged.base + at ? 1 : 0));
        const formula = rule.ignores ? or() : held;
        if (set === NONE) expect(oracle.possible(formula), one.saying).toBeNull();
        else expect(one.oracle.differing(told(one, set), formula), one.saying).toBeNull();
        if (!rule.ignores) earlier = or(earlier, held);
        proven += 1;
      }
    }),
    { numRuns: RUNS },
  );
  expect(proven).toBeGreaterThan(0);
});

it("is a judge that can say no", () => {
  const oracle = new Oracle(4, SPARE_BOTH);
  const ports = (value: string) => oracle.holds({ dstport: { not: false, values: [value] } });
  expect(oracle.differing(ports("22"), ports("22:23"))).toContain("dstport");
  expect(oracle.differing(ports("0:65535"), ports("0:65534"))).toContain("dstport");
});

it.each<[string, MeaningOptions]>([
  ["flow a permit match icmptype { destination-unreachable, 0 } match not icmptype 3/4", SPARE_BOTH],
  ["flow a permit match icmptype 3/4 match iface { +, eth0, lo+ }", SPARE_BOTH],
  ["flow a permit match iface { +, eth0, lo+ }", SPARE_BOTH],
  ["flow a permit match iface lo+", SPARE_BOTH],
  ["flow a permit match iface { lo, eth0 } match iface +", SPARE_BOTH],
  ["flow a permit match not iface lo", { loopback: "judge", neighbours: "judge" }],
])("has words for what is hard to say: %s, %o", (text, meaning) => {
  const one = caseOf(checkText(text).config, 4, meaning);
  const set = one.space.diagram.overrideAll(one.rules.map((rule) => nodeOf(one.space, rule)));
  const formula = or(...one.rules.map((rule) => one.oracle.holds(conditionsOf(rule))));
  expect(one.oracle.differing(told(one, set), formula)).toBeNull();
});

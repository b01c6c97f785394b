/**
 * An edit takes from the last program what it does not meet. What comes out is what the config alone gives, whatever
 * was compiled before, and what is equal is the same value.
 */
import { type Config, EMPTY_CONFIG, type Flow, keyOf, parse } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { assignMarks, type CompileOptions, compile, type Program } from "../src/index.ts";
import { configs, portFlows } from "./arbitrary.ts";
import { DEFAULTS } from "./golden.ts";

const SPLIT_ALL: CompileOptions = {
  ...DEFAULTS,
  dispatch: { longestRow: 1, dearRow: Number.POSITIVE_INFINITY, cheapRow: 1 },
};

function programOf(config: Config, settings: CompileOptions): Program {
  const assigned = assignMarks(config, { directors: {}, tables: {} }, settings);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, settings);
}

/** Compiled with nothing to take from: what an empty config does not ask for is let go. */
function fromNothing(config: Config, settings: CompileOptions): Program {
  programOf({ ...EMPTY_CONFIG }, settings);
  return programOf(structuredClone(config), settings);
}

/** One edit: the item at a place goes, comes twice as far, is switched, or another stands there. */
type Step = { at: number; what: "remove" | "move" | "switch" | "replace" | "turn"; by: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    at: fc.nat(100),
    what: fc.constantFrom<Step["what"][]>("remove", "move", "switch", "replace", "turn"),
    by: fc.nat(100),
  }),
  { minLength: 1, maxLength: 6 },
);

function edited({ items, comment }: Config, { at, what, by }: Step): Config {
  const place = at % Math.max(1, items.length);
  const one = items[place];
  const other = items[by % Math.max(1, items.length)];
  if (!one || !other) return { items, comment };
  const rest = items.filter((item) => item !== one);
  if (what === "remove") return { items: rest, comment };
  if (what === "move") {
    const to = by % items.length;
    return { items: [...rest.slice(0, to), one, ...rest.slice(to)], comment };
  }
  return { items: items.map((item) => (item === one ? changed(item, other, what) : item)), comment };
}

function changed(one: Config["items"][number], other: Config["items"][number], what: Step["what"]) {
  if (one.kind === "list" || one.kind === "expect") return one;
  if (what === "switch") return { ...one, skipped: !one.skipped && one.policy !== null };
  if (what === "turn") return { ...one, rules: [...one.rules].reverse() };
  const { rules, kind } = other.kind === "list" || other.kind === "expect" ? one : other;
  return kind === one.kind ? { ...one, rules } : one;
}

/** Flows of several configs in turn, with names of their own; lists are those of the first. */
const many = fc.tuple(configs, configs, portFlows).map(([first, second, third]): Config => {
  const named = [first, second, third].map(({ items }, of) =>
    items.flatMap((item) => (item.kind === "list" || item.kind === "expect" ? [] : [named_(item, of)])),
  );
  const length = Math.max(...named.map((items) => items.length));
  const turns = Array.from({ length }, (_, at) => named.flatMap((items) => items[at] ?? []));
  return { items: [...turns.flat(), ...first.items.filter(({ kind }) => kind === "list")], comment: [] };
});

const named_ = (flow: Flow, of: number): Flow => ({ ...flow, name: `${flow.name}-${of}` });

test("is what the config gives by itself, after any edits", { timeout: 300_000 }, () => {
  const property = fc.property(many, steps, (config, all) => {
    let now = config;
    programOf(now, SPLIT_ALL);
    for (const step of all) {
      now = edited(now, step);
      const warm = programOf(now, SPLIT_ALL);
      expect(warm).toEqual(fromNothing(now, SPLIT_ALL));
      // What the next edit takes from has the same items again.
      programOf({ ...now }, SPLIT_ALL);
    }
  });
  fc.assert(property, { numRuns: Number(process.env.FLOWMGR_RUNS ?? 150) });
});

const SETTINGS: CompileOptions = { ...DEFAULTS, markMask: 0xffff_0000 };

/** Flows of which a part of the tree remembers what it found: for networks that begin alike, wide ones among them. */
const crowd = fc.record({ seed: fc.nat(), family: fc.constantFrom("10.", "10.7.", "2001:db8:") });

function flowText(name: string, random: (below: number) => number, family: string): string {
  const length = (most: number) => most - Math.max(0, 4 * (random(6) - 2));
  const address = () => {
    if (family === "2001:db8:")
      return `2001:db8:${random(4).toString(16)}:${random(9000).toString(16)}::/${length(64)}`;
    return `${family}${random(200)}.${random(40)}${family === "10." ? `.${random(200)}` : ""}/${length(32)}`;
  };
  const to = random(8) > 0 ? ` dst ${address()}` : "";
  const from = random(3) === 0 || to === "" ? ` src ${address()}` : "";
  const more = random(6) === 0 ? ` match dst ${address()}` : "";
  return `flow ${name} permit match proto ${random(2) === 0 ? "tcp" : "udp"}${to}${from} dstport ${random(999)}${more}`;
}

test("is so among many flows, of which an edit has few looked at anew", { timeout: 300_000 }, () => {
  const property = fc.property(crowd, ({ seed, family }) => {
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const flowFor = (name: string): Config["items"] => parse(flowText(name, random, family)).config.items;
    let items = Array.from({ length: 150 + random(200) }, (_, at) => flowFor(`f${at}`)).flat();
    programOf({ items, comment: [] }, SETTINGS);
    for (let edit = 0; edit < 6; edit += 1) {
      const at = random(items.length);
      const gone = random(3);
      const come = Array.from({ length: random(3) }, (_, one) => flowFor(`e${edit}-${one}`)).flat();
      items = [...items.slice(0, at), ...come, ...items.slice(at + gone)];
      const warm = programOf({ items, comment: [] }, SETTINGS);
      expect(warm).toEqual(fromNothing({ items, comment: [] }, SETTINGS));
      programOf({ items: [...items], comment: [] }, SETTINGS);
    }
  });
  fc.assert(property, { numRuns: Number(process.env.FLOWMGR_RUNS ?? 6) });
});

test("chains that an edit leaves are the same values, among thousands of flows", { timeout: 60_000 }, () => {
  const config = manyFlows(2000);
  const before = programOf(config, SETTINGS);
  const items = config.items.map((item) =>
    item.kind === "flow" && item.name === "service-1000"
      ? {
          ...item,
          rules: item.rules
            .slice(0, 0)
            .concat(
              parse("flow x deny match dst 172.16.3.99").config.items.flatMap((one) =>
                one.kind === "flow" ? one.rules : [],
              ),
            ),
        }
      : item,
  );
  const edit = { ...config, items };
  const after = programOf(edit, SETTINGS);
  const old = new Map(before.ip.chains.map((chain) => [chain.name, chain]));
  const others = after.ip.chains.filter((chain) => old.get(chain.name) !== chain).map(({ name }) => name);
  expect(others).toContain("@service-1000");
  expect(others.length).toBeLessThan(20);
  expect(after.ip6).toBe(before.ip6);
  expect(after).toEqual(fromNothing(edit, SETTINGS));
});

test("a config read anew has the chains of before where it says the same", () => {
  const [before, after] = [1, 2].map(() => programOf(structuredClone(manyFlows(200)), SETTINGS));
  expect(after?.ip).toBe(before?.ip);
});

test("how much a part may grow is worked out anew when the rest of the tree is another", {
  timeout: 60_000,
}, () => {
  const config = manyFlows(2000);
  programOf(config, SETTINGS);
  const items = config.items.filter((item, at) => !keyOf(item).startsWith("bad-") || at % 2 === 0);
  const fewer = { ...config, items };
  expect(programOf(fewer, SETTINGS)).toEqual(fromNothing(fewer, SETTINGS));
});

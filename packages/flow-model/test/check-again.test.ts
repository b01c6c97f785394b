/** A config that was edited is checked like one that nobody has seen before. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  changes,
  check,
  checkText,
  configSchema,
  flowsOf,
  listsOf,
  parse,
  print,
  sharing,
} from "../src/index.ts";
import { arbitraryConfig, arbitraryRawConfig } from "../src/testing.ts";

const copy = (config: unknown) => configSchema.parse(JSON.parse(JSON.stringify(config)));

describe("what is known of flows from an earlier check", () => {
  it("holds in any other config that has them", () => {
    const pairs = fc.tuple(arbitraryRawConfig(), arbitraryRawConfig(), fc.nat(20));
    fc.assert(
      fc.property(pairs, ([one, other, at]) => {
        check(one);
        check(other);
        // Flows and lists of both, some twice, and with each other's lists.
        const twice = [...flowsOf(one).slice(0, 2), ...listsOf(one).map((list) => ({ ...list }))];
        const items = [...one.items.slice(at % 3), ...other.items, ...twice];
        const mixed = { items, comment: [] };
        const said = check(mixed);
        expect(said).toEqual(check(copy(mixed)));
        expect(check(mixed)).toEqual(said);
        expect(changes(one, mixed)).toEqual(changes(copy(one), copy(mixed)));
        expect(changes(one, mixed)).toBe(changes(one, mixed));
      }),
      { numRuns: 300 },
    );
  });

  it("does not hide that a list is there no more", () => {
    const { items } = parse("list web { 80 }\nflow a deny match proto tcp dstport @web").config;
    expect(check({ items, comment: [] })).toEqual([]);
    expect(check({ items: items.slice(1), comment: [] })).toMatchObject([{ code: "unknown-list" }]);
  });

  it("does not hide a second flow of a name", () => {
    const { items } = copy({
      items: [
        { kind: "flow", name: "a", policy: { action: "deny" }, rules: [{ verb: "match", conditions: {} }] },
      ],
      comment: [],
    });
    const [flow] = flowsOf({ items, comment: [] });
    expect(check({ items, comment: [] })).toEqual([]);
    expect(check({ items: [...items, ...(flow ? [flow] : [])], comment: [] })).toMatchObject([
      { code: "duplicate-flow", path: "/items/1/name" },
    ]);
  });
});

it("a list that stands twice in a text is two, be the text known or not", () => {
  const text = "list office { 10.0.0.1 }\n";
  const read = checkText(text + text, [parse(text).config]);
  expect(read.diagnostics).toMatchObject([{ code: "duplicate-list", path: "/items/1/name" }]);
});

it("a text that repeats items of configs that are known is read as one that nobody has seen, and has their items", () => {
  const pairs = fc.tuple(arbitraryConfig(), arbitraryConfig(), fc.nat(3), fc.nat(3));
  let shared = 0;
  fc.assert(
    fc.property(pairs, ([first, second, from, swapped]) => {
      const [one, other] = [parse(print(first)).config, parse(print(second)).config];
      check(one);
      check(other);
      const items = [...one.items.slice(from), ...other.items];
      items.push(...items.splice(swapped, 1));
      const text = print({ items, comment: one.comment });
      const read = checkText(text, [one, other]);
      const anew = checkText(text);
      expect({ ...read }).toEqual({ ...anew });
      expect(sharing(other, anew.config)).toEqual(anew.config);
      const known = new Set([...one.items, ...other.items]);
      const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
      for (const item of read.config.items) {
        if (known.has(item)) shared += 1;
        // A name that both configs have stands for one of them, and each stands once.
        else
          expect(other.items.some((twin) => same(twin, item) && !read.config.items.includes(twin))).toBe(
            false,
          );
      }
    }),
    { numRuns: 200 },
  );
  expect(shared).toBeGreaterThan(100);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Config, configDeltaSchema, deltaOf, EMPTY_CONFIG, type Item, withDelta } from "../src/index.ts";
import { arbitraryConfig } from "../src/testing.ts";

/** Some of a config's items in another order, some twice, some anew. */
const edited = ({ items, comment }: Config) =>
  fc.array(fc.oneof(fc.nat({ max: items.length + 2 }), fc.constant(null))).map((places) => ({
    items: places.flatMap((place) =>
      place === null ? [] : (items[place] ?? structuredClone(items[0]) ?? []),
    ),
    comment,
  }));

test("what a delta tells is the config, sharing what it shared, also by JSON", () => {
  const pairs = arbitraryConfig().chain((known) => edited(known).map((config) => ({ known, config })));
  fc.assert(
    fc.property(pairs, ({ known, config }) => {
      const delta = deltaOf(config, known);
      const told = withDelta(configDeltaSchema.parse(JSON.parse(JSON.stringify(delta))), known);
      expect(told).toEqual(config);
      for (const [index, item] of config.items.entries())
        expect(told.items[index] === item).toBe(known.items.includes(item));
      expect(withDelta(deltaOf(config, null), null)).toEqual(config);
    }),
  );
});

test("what stands side by side is one run; an edit travels as the item that it changed", () => {
  const list = (name: string, note = ""): Item => ({ kind: "list", name, values: [], comment: [], note });
  const known = { ...EMPTY_CONFIG, items: ["a", "b", "c", "d"].map((name) => list(name)) };
  const config = { ...known, items: known.items.with(1, list("b", "changed")) };
  expect(deltaOf(known, known).items).toEqual([{ from: 0, count: 4 }]);
  expect(deltaOf(config, known).items).toEqual([
    { from: 0, count: 1 },
    list("b", "changed"),
    { from: 2, count: 2 },
  ]);
});

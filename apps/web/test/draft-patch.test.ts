import { type Config, keyOf, parse } from "@flowmgr/flow-model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { difference, inverse, isEmpty, patched, sameConfig } from "../src/api/patch.ts";

/** Flows with short names and expectations, few values and any order; enough for all that a patch can meet. */
const configs: fc.Arbitrary<Config> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(..."abcdefgh"), fc.constantFrom("permit", "deny", "skip")), {
    selector: ([name]) => name,
  })
  .map((items) =>
    items.map(([name, policy]) =>
      // An expectation is called by what it says, and may have a note.
      name > "e" ? `expect deny iface ${name} # ${policy}\n` : `flow ${name} ${policy}\n  match\n`,
    ),
  )
  .map((items) => parse(items.join("\n")).config);

test("a patch makes the one of the other, and its inverse takes it back", () => {
  fc.assert(
    fc.property(configs, configs, (before, after) => {
      const patch = difference(before, after);
      expect(patched(before, patch)).toEqual({ config: after, clashes: [] });
      expect(patched(after, inverse(patch))).toEqual({ config: before, clashes: [] });
      expect(isEmpty(patch)).toBe(sameConfig(before, after));
    }),
  );
});

test("on a config that somebody else changed, each item is theirs, mine or a clash, and no one is lost", () => {
  fc.assert(
    fc.property(configs, configs, configs, (base, mine, theirs) => {
      const { config, clashes } = patched(theirs, difference(base, mine));
      const by = (items: Config["items"]) => new Map(items.map((item) => [keyOf(item), item]));
      const [was, wanted, there, got] = [by(base.items), by(mine.items), by(theirs.items), by(config.items)];
      const clashing = new Set(clashes.map(({ key }) => key));
      for (const name of [was, wanted, there, got].flatMap((items) => [...items.keys()])) {
        const same = JSON.stringify(was.get(name)) === JSON.stringify(wanted.get(name));
        const expected = same || clashing.has(name) ? there.get(name) : wanted.get(name);
        expect(got.get(name)).toEqual(expected);
      }
      expect(got.size).toBe(config.items.length);
    }),
  );
});

test("ten thousand flows are turned round", () => {
  const text = Array.from({ length: 10_000 }, (_, index) => `flow f${index} permit\n  match\n`).join("");
  const { config } = parse(text);
  const turned = { ...config, items: config.items.toReversed() };
  const patch = difference(config, turned);
  expect(patched(config, patch).config).toEqual(turned);
});

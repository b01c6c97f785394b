/** The printer and the parser undo each other, for every config that check passes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check, checkText, configSchema, parse, print, printItem, printWithPlaces } from "../src/index.ts";
import { arbitraryConfig, arbitraryRawConfig } from "../src/testing.ts";

const hasErrors = (diagnostics: { severity: string }[]) =>
  diagnostics.some(({ severity }) => severity === "error");

describe("print, then parse", () => {
  it("gives back what was printed, comments too, and places for it", () => {
    fc.assert(
      fc.property(arbitraryConfig(), (config) => {
        // Compares by itself, and throws when something else comes back.
        const { text, places } = printWithPlaces(config);
        const read = checkText(text);
        expect(hasErrors(read.diagnostics)).toBe(false);
        expect(print(read.config)).toBe(text);
        // Items are compared one by one: that no item takes words of the next one is for this to say.
        expect(read.config.items.map(printItem)).toEqual(config.items.map(printItem));
        expect(read.config.comment).toEqual(config.comment);
        for (const [pointer, span] of read.places) expect(places.get(pointer), pointer).toEqual(span);
        for (const nowhere of ["", "/items", "/items/99/name", "/comment/99", "/items/0/nothing"])
          expect(places.get(nowhere)).toBe(read.places.get(nowhere));
      }),
      { numRuns: 300 },
    );
  });

  it("gives back the same JSON, from text to JSON and on to text", () => {
    fc.assert(
      fc.property(arbitraryConfig(), (config) => {
        const canonical = parse(print(config)).config;
        const travelled = configSchema.parse(JSON.parse(JSON.stringify(canonical)));
        expect(travelled).toEqual(canonical);
        expect(JSON.stringify(parse(print(travelled)).config)).toBe(JSON.stringify(canonical));
      }),
      { numRuns: 100 },
    );
  });

  it("is safe for whatever check passes, and check never throws", () => {
    fc.assert(
      fc.property(arbitraryRawConfig(), (config) => {
        if (!hasErrors(check(config))) expect(() => printWithPlaces(config)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it("warns in text of the same as in JSON", () => {
    fc.assert(
      fc.property(arbitraryConfig({ comments: false }), (config) => {
        const canonical = parse(print(config)).config;
        // In text they are sorted by place, in JSON as the config holds them.
        const [said, inText] = [check(canonical), checkText(print(config)).diagnostics].map((all) =>
          all.map(({ path, code }) => `${path} ${code}`).sort(),
        );
        expect(inText).toEqual(said);
      }),
      { numRuns: 100 },
    );
  });
});

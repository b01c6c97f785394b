import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonErrorOffset, lineAndColumn } from "../src/json-place.ts";

describe("jsonErrorOffset", () => {
  // `|` stands where the error is.
  it.each([
    '{"a":1,|}',
    "[1,|]",
    "[1 |2]",
    '{"a" |1}',
    "{|a: 1}",
    "[tru|",
    '{"a": "open|',
    "|",
    "  |",
    '{"a": [1, {"b": 2|',
    '{"a": 1} |x',
    "[01|]",
    "[|nul]",
    '["a|\n"]',
    "[1|}",
    "{|]",
    '{"a": |,}',
    "|'a'",
    "[-|]",
  ])("%j", (marked) => {
    const text = marked.replace("|", "");
    expect(() => JSON.parse(text)).toThrow();
    const at = marked.indexOf("|");
    const found = jsonErrorOffset(text);
    // A broken word or string is reported at its beginning or where it breaks off.
    expect(found <= at && /^[\s\w"-]*$/.test(text.slice(found, at)), `found ${found}`).toBe(true);
  });

  it("finds nothing in any JSON", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 2), (text, indent) => {
        const printed = JSON.stringify(JSON.parse(text), null, indent);
        expect(jsonErrorOffset(printed)).toBe(printed.length);
      }),
    );
  });

  it("finds something wherever JSON is cut off", () => {
    fc.assert(
      fc.property(fc.array(fc.json(), { minLength: 1 }), fc.nat(), (values, cut) => {
        const whole = `[${values.join(",")}]`;
        const text = whole.slice(0, cut % whole.length);
        expect(jsonErrorOffset(text)).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  it("takes no time for a megabyte of brackets", () => {
    const text = "[".repeat(1_000_000);
    expect(jsonErrorOffset(text)).toBe(text.length);
  });
});

it("lineAndColumn counts from 1, in UTF-16 units, over LF and CRLF", () => {
  expect(lineAndColumn("ab", 1)).toEqual({ line: 1, column: 2 });
  expect(lineAndColumn("a\r\nb💡c", 6)).toEqual({ line: 2, column: 4 });
  expect(lineAndColumn("a\n", 2)).toEqual({ line: 2, column: 1 });
});

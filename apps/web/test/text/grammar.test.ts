import { describe, expect, test } from "vitest";
import { readingAfter, readSeparator, readWord, START, type WordKind } from "../../src/text/grammar.ts";

/** Each word of a text with what it was taken for. */
function kinds(text: string): [string, WordKind | "separator"][] {
  const reading = { ...START };
  return [...text.matchAll(/[{},]|[^\s{},]+/g)].map(([word]) => {
    if (/[{},]/.test(word)) {
      readSeparator(reading, word);
      return [word, "separator"];
    }
    return [word, readWord(reading, word)];
  });
}

describe("a word is read by its place", () => {
  test("a flow may be called as a keyword", () => {
    expect(kinds("flow match permit match")).toEqual([
      ["flow", "item"],
      ["match", "name"],
      ["permit", "permit"],
      ["match", "verb"],
    ]);
  });

  test("a value may be spelt as a keyword", () => {
    expect(kinds("flow a deny match not iface match dst 10.0.0.1")).toEqual([
      ["flow", "item"],
      ["a", "name"],
      ["deny", "deny"],
      ["match", "verb"],
      ["not", "not"],
      ["iface", "condition"],
      ["match", "value"],
      ["dst", "condition"],
      ["10.0.0.1", "value"],
    ]);
  });

  test("all values between braces are values", () => {
    const words = kinds("flow a permit match dstport { 25, 110 } proto tcp");
    expect(words.filter(([, kind]) => kind === "value")).toEqual([
      ["25", "value"],
      ["110", "value"],
      ["tcp", "value"],
    ]);
  });

  test("skip keeps the policy that it switches off", () => {
    expect(kinds("flow mail skip director maildirect off ignore")).toEqual([
      ["flow", "item"],
      ["mail", "name"],
      ["skip", "skip"],
      ["director", "director"],
      ["maildirect", "director"],
      ["off", "off"],
      ["ignore", "verb"],
    ]);
  });

  test("an expectation has a verdict and conditions, and a flow called expect is a flow", () => {
    expect(
      kinds("expect outflow table main dstport 22 match flow expect permit match expect undecided"),
    ).toEqual([
      ["expect", "item"],
      ["outflow", "item"],
      ["table", "table"],
      ["main", "table"],
      ["dstport", "condition"],
      ["22", "value"],
      ["match", "unknown"],
      ["flow", "item"],
      ["expect", "name"],
      ["permit", "permit"],
      ["match", "verb"],
      ["expect", "item"],
      ["undecided", "undecided"],
    ]);
  });

  test("what may not stand there is unknown and moves nothing", () => {
    expect(kinds("flow a permit tcp match proto")).toEqual([
      ["flow", "item"],
      ["a", "name"],
      ["permit", "permit"],
      ["tcp", "unknown"],
      ["match", "verb"],
      ["proto", "condition"],
    ]);
    expect(kinds("constructor toString")).toEqual([
      ["constructor", "unknown"],
      ["toString", "unknown"],
    ]);
  });
});

test("the place behind a text, comments left out", () => {
  expect(readingAfter("flow a permit # match src\n match src").place).toBe("value");
  expect(readingAfter("flow a # permit").place).toBe("policy");
  expect(readingAfter("flow a director").place).toBe("director");
});

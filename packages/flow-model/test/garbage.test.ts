/**
 * Sizes at which a step that is quadratic in the text, or recursive in its depth, would not come back: five
 * megabytes of it, and the time limit of a test for all of them is what such a step would need for one.
 */
import { describe, expect, it } from "vitest";
import { check, checkText, parse, print, printWithPlaces } from "../src/index.ts";

const SIZE = 5_000_000;

/** Milliseconds; many times what a busy machine needs, and nothing to what a quadratic step would. */
const LIMIT = 300_000;
const filled = (part: string) => part.repeat(Math.ceil(SIZE / part.length)).slice(0, SIZE);

/** Bytes as a file of another kind holds them, the same in each run (Park and Miller's generator). */
function randomBytes(): string {
  let seed = 20_241_124;
  const chunks: string[] = [];
  for (let at = 0; at < SIZE; at += 1) {
    seed = (seed * 48_271) % 2_147_483_647;
    chunks.push(String.fromCharCode(seed & 0xff));
  }
  return chunks.join("");
}

/** Made when asked for: as arguments of a test, the texts would be carried through the runner and its reports. */
const GARBAGE: { [kind: string]: () => string } = {
  "random bytes": () => randomBytes(),
  "one endless word": () => filled("a"),
  "an endless value": () => `flow a permit match src ${filled("0")}`,
  "an endless table": () => `flow a table 0x${filled("f")}`,
  "an endless name": () => `flow ${filled("n")} permit match dstport ${filled("9")}`,
  "deep braces": () => `flow a permit match src ${filled("{")}`,
  braces: () => filled("{}"),
  commas: () => filled(","),
  "one comment": () => filled("#"),
  "comment lines": () => filled("#\n"),
  "notes of one rule": () => `flow a permit match\n${filled("src #n\n")}`,
  flow: () => filled("flow "),
  not: () => `flow a permit match ${filled("not ")}`,
  "conditions of one rule": () => `flow a permit match ${filled("src 10.0.0.1 ")}`,
  "misspelt words": () => `flow a permit match ${filled("prtoo tcp ")}`,
  "a list that nobody closed": () => `list a { ${filled("10.0.0.1, ")}`,
  "lists that hold the next": () =>
    Array.from(
      { length: 100_000 },
      (_, index) => `list l${index} { @l${index + 1}, 10.0.${index >> 8}.1 }`,
    ).join("\n"),
  "names of no list": () => `flow a permit ${filled("match src { @nobody, @none } ")}`,
  "white space": () => filled(" \t\n"),
  "a second rule": () => `flow a permit ${filled("match ")}`,
};

describe("five megabytes of garbage", () => {
  it.each(Object.entries(GARBAGE))("%s: is read to its end", { timeout: LIMIT }, (_, text) => {
    const { diagnostics } = checkText(text());
    expect(diagnostics.length).toBeLessThanOrEqual(1001);
    const longest = Math.max(
      0,
      ...diagnostics.map(({ message, help }) => message.length + (help?.length ?? 0)),
    );
    expect(longest).toBeLessThan(2000);
  });
});

describe("ten thousand flows", () => {
  const text = Array.from({ length: 10_000 }, (_, index) => {
    const [high, low] = [index >> 8, index & 0xff];
    return `# flow number ${index}
flow flow-${index} permit # note
  ignore not src 10.${high}.${low}.0/24 dst 192.168.0.0/16
  match proto tcp dst 192.168.${high}.${low} dstport ${index}
`;
  }).join("\n");

  it("come back from text as they were", () => {
    expect(text.length).toBeGreaterThan(1_000_000);
    const { config, diagnostics } = checkText(text);
    expect(diagnostics).toEqual([]);
    expect(config.items).toHaveLength(10_000);
    expect(print(config)).toBe(text);
    expect(check(config)).toEqual([]);
    const parsed = parse(text).places;
    const printed = printWithPlaces(config).places;
    // A loop of our own: comparing 150 000 objects by a matcher takes minutes.
    for (const [pointer, { line, column, endLine, endColumn }] of parsed) {
      const same = printed.get(pointer);
      if (
        same?.line === line &&
        same.column === column &&
        same.endLine === endLine &&
        same.endColumn === endColumn
      )
        continue;
      expect(same, pointer).toEqual(parsed.get(pointer));
    }
  });
});

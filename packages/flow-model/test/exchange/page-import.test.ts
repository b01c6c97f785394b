/** Import of text with flows amid prose: the original's page as it is copied, and what must not become a flow. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { importSourceOf, importText, NO_FLOW } from "../../src/exchange/index.ts";
import { check, print } from "../../src/index.ts";
import { arbitraryConfig } from "../../src/testing.ts";
import { ON_MANY_LINES } from "../examples.ts";

const page = readFileSync(join(import.meta.dirname, "original-page.txt"), "utf8");

const importPage = (text: string) => importText(text, "page");
const flowsIn = (text: string) => print(importPage(text).config);
const reasons = (text: string) => importPage(text).leftOut.map(({ line, reason }) => `${line}: ${reason}`);

describe("the original's page", () => {
  it("gives its five examples, and everything else is listed", () => {
    const { config, leftOut } = importPage(page);
    expect(print(config)).toBe(ON_MANY_LINES);
    const lines = page.split("\n");
    expect(new Set(leftOut.map(({ reason }) => reason))).toEqual(new Set([NO_FLOW]));
    // Whatever carries a word is a flow or is listed, at its line.
    const taken = /^flow (ssh|dns|ping|alltherest) (permit|deny) /;
    const wordy = lines.flatMap((line, index) =>
      /[\p{L}\p{N}]/u.test(line) && !taken.test(line) ? [index + 1] : [],
    );
    expect(leftOut.map(({ line }) => line)).toEqual(wordy);
    for (const { line, text } of leftOut) expect(lines[line - 1]?.replace(/\u200b/g, "")).toContain(text);
  });

  it("is known as a page", () => {
    expect(importSourceOf(page)).toBe("page");
  });

  it("gives the same with what browsers put into a copy", () => {
    const copied = page
      .replaceAll("flow ssh", "\u200bflow\u00a0ssh")
      .replaceAll(" dstport", "\u00a0dst\u00adport")
      .replaceAll("\n", "\r\n");
    expect(flowsIn(copied)).toBe(ON_MANY_LINES);
  });
});

const WEB = "flow web permit\n  match proto tcp dstport 80\n";

describe("a flow is found", () => {
  it.each([
    ["behind a bullet", "- flow web permit match proto tcp dstport 80"],
    ["in quotes", "Write \u201cflow web permit match proto tcp dstport 80\u201d there."],
    ["in backticks", "`flow web permit match proto tcp dstport 80`"],
    ["at the end of a sentence", "As in flow web permit match proto tcp dstport 80."],
    ["in a sentence", "With flow web permit match proto tcp dstport 80 everyone reads pages."],
    ["in brackets", "(flow web permit match proto tcp dstport 80)"],
    ["in a table's cell", "| web | flow web permit match proto tcp dstport 80 | pages |"],
    ["glued to a sentence", "to the next flow for processing.flow web permit match proto tcp dstport 80"],
    [
      "on several lines, prose around",
      "Use this:\nflow web permit\n  match proto tcp\n    dstport 80\nThen go on.",
    ],
    [
      "with a typographic dash in its name",
      "See:\nflow w\u2011eb permit match",
      "flow w-eb permit\n  match\n",
    ],
    [
      "with comments",
      "So:\n# pages\nflow web permit # open\n  match proto tcp dstport 80 # all\nThen go.",
      "# pages\nflow web permit # open\n  match proto tcp dstport 80 # all\n",
    ],
    [
      "beside a list",
      "So:\nlist net { 10.0.0.0/8 }\nflow a deny\nmatch src @net",
      "list net { 10.0.0.0/8 }\n\nflow a deny\n  match src @net\n",
    ],
  ])("%s", (_, text, flows = WEB) => {
    expect(flowsIn(text)).toBe(flows);
  });
});

describe("no flow is", () => {
  it.each([
    "A flow defines iptables chains for incoming packets.",
    "The flow should match traffic.",
    "the\nflow should match\nall packets",
    "This flow\nmatch",
    "Each flow can permit or deny packets.",
    "If the flow directs the matching traffic to a director, match it.",
    "flow <name> <policy>\n<rule> [ [ not ] iface <name> ]",
    "In flow ssh:",
  ])("%s", (text) => {
    expect(importPage(`${text}\nThe end.`).config.items).toEqual([]);
    expect(reasons(text).every((reason) => reason.endsWith(NO_FLOW))).toBe(true);
  });
});

describe("a flow with a mistake is left out whole, with the mistake", () => {
  it.each([
    ["flow x deny match proto tcp dport 22", "1: dport"],
    ["flow x deny\n  match port 80\n", "2: "],
    ["flow x deny match src 10.0.0.300\n", "10.0.0.300"],
    ["flow x deny match dstport 25, 110", ""],
    ["flow x deny match not", ""],
    ["flow x deny match everything", ""],
    ["flow x deny\n  match everything", ""],
    ["flow x dent\n  match", ""],
  ])("%j", (text, words) => {
    const { config, leftOut } = importPage(`See\n${text}\n\n${WEB}`);
    expect(print(config)).toBe(WEB);
    const serious = leftOut.filter(({ reason }) => reason !== NO_FLOW);
    expect(serious.length).toBeGreaterThan(0);
    expect(
      serious.map(({ line, text: left, reason }) => `${line - 1}: ${left} ${reason}`).join("\n"),
    ).toContain(words.replace("1: ", ""));
  });

  it("the second of two with one name", () => {
    const { config, leftOut } = importPage(`See\n${WEB}and\n${WEB}`);
    expect(print(config)).toBe(WEB);
    expect(leftOut.map(({ line, reason }) => [line, reason !== NO_FLOW])).toEqual([
      [1, false],
      [4, false],
      [5, true],
      [6, true],
    ]);
    expect(leftOut.at(-1)?.reason).toContain('a second flow is called "web"');
  });
});

it("reads a line with characters of two units", () => {
  expect(flowsIn("\u{1f600}\u{1f600}\u{1f600} see 12. flow a deny match src 10.0.0.1")).toBe(
    "flow a deny\n  match src 10.0.0.1\n",
  );
});

it("ends a list that nobody closed where the next item begins", () => {
  const text = "Some words\nlist l { 10.0.0.1\nflow a deny match src { 10.0.0.2 }\n";
  expect(flowsIn(text)).toBe("flow a deny\n  match src 10.0.0.2\n");
  expect(reasons(text)[1]).toMatch(/^2: .*}/);
});

it("takes whatever is printed as it stands", () => {
  fc.assert(
    fc.property(arbitraryConfig(), (config) => {
      const text = print(config);
      const { config: read, leftOut } = importPage(text);
      if (config.items.length > 0) expect([print(read), leftOut]).toEqual([text, []]);
    }),
    { numRuns: 100 },
  );
});

it("never throws, and never gives errors", () => {
  const word = fc.constantFrom(
    ..."flow outflow list a { } , | # - . match ignore not off permit director x proto tcp dstport 22 src 10.0.0.1 @a \n".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const { config } = importPage(words.join(" "));
      expect(check(config).filter(({ severity }) => severity === "error")).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

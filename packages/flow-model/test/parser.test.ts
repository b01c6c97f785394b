import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Config, checkText, configSchema, parse, type Span } from "../src/index.ts";
import { FIVE_EXAMPLES, ON_MANY_LINES } from "./examples.ts";

const config = (...items: object[]): Config => configSchema.parse({ items, comment: [] });

/** What stands in a span of a text. */
function textOf(text: string, span: Span | undefined): string | undefined {
  if (!span) return undefined;
  const lines = text.split("\n").slice(span.line - 1, span.endLine);
  lines[lines.length - 1] = lines.at(-1)?.slice(0, span.endColumn - 1) ?? "";
  lines[0] = lines[0]?.slice(span.column - 1) ?? "";
  return lines.join("\n");
}

describe("the five examples of the original page", () => {
  const expected = config(
    {
      kind: "flow",
      name: "ssh",
      policy: { action: "permit" },
      rules: [
        { verb: "ignore", conditions: { src: "not 192.168.0.0/24" } },
        { verb: "match", conditions: { proto: "tcp", dst: "192.168.0.1", dstport: "22" } },
      ],
    },
    {
      kind: "flow",
      name: "dns",
      policy: { action: "permit" },
      rules: [{ verb: "match", conditions: { proto: "udp", dst: "192.168.0.1", dstport: "53" } }],
    },
    {
      kind: "flow",
      name: "ping",
      policy: { action: "permit" },
      rules: [
        { verb: "match", conditions: { proto: "icmp", dst: "192.168.0.1", icmptype: "0" } },
        { verb: "ignore", conditions: { src: "not 192.168.0.0/24" } },
        { verb: "match", conditions: { proto: "icmp", dst: "192.168.0.1" } },
      ],
    },
    {
      kind: "flow",
      name: "mail",
      policy: { action: "director", director: "maildirect" },
      rules: ["110", "143", "25"].map((dstport) => ({
        verb: "match",
        conditions: { proto: "tcp", dst: "192.168.0.2", dstport },
      })),
    },
    { kind: "flow", name: "alltherest", policy: { action: "deny" }, rules: [{ verb: "match" }] },
  );

  it("parse as they stand there, each on one line", () => {
    const { config: read, diagnostics } = checkText(FIVE_EXAMPLES);
    expect(read).toEqual(expected);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("parse to the same on many lines, with CRLF, and all on one", () => {
    expect(parse(ON_MANY_LINES).config).toEqual(expected);
    expect(parse(ON_MANY_LINES.replaceAll("\n", "\r\n")).config).toEqual(expected);
    expect(parse(FIVE_EXAMPLES.replaceAll("\n", " ")).config).toEqual(expected);
  });
});

describe("the parser", () => {
  it("reads names by their place, whatever they are", () => {
    const text =
      "flow permit director match off match flow match skip flow -x table deny ignore iface not iface off";
    const { config: read, diagnostics } = parse(text);
    expect(diagnostics.map(({ code }) => code)).toEqual(["duplicate-condition"]);
    expect(read.items).toMatchObject([
      { name: "permit", policy: { director: "match" }, rules: [{ off: true }] },
      { name: "match", policy: null, skipped: true, rules: [] },
      {
        name: "-x",
        policy: { table: "deny" },
        rules: [{ conditions: { iface: { not: false, values: ["not"] } } }],
      },
    ]);
  });

  it("takes no policy for skip, and keeps what skip switches off", () => {
    const { config: read } = parse("flow a match flow b skip match flow c skip director d match flow e deny");
    expect(read.items.map((item) => item.kind === "flow" && [item.policy, item.skipped])).toEqual([
      [null, true],
      [null, true],
      [{ action: "director", director: "d" }, true],
      [{ action: "deny" }, false],
    ]);
  });

  it("puts conditions into the grammar's order", () => {
    const { config: read } = parse("flow a permit match dstport 22 not src 10.0.0.1 iface eth0");
    const [flow] = read.items;
    expect(flow?.kind === "flow" && Object.keys(flow.rules[0]?.conditions ?? {})).toEqual([
      "iface",
      "src",
      "dstport",
    ]);
  });

  it("gives comments to their owners", () => {
    const text = `# about ssh
#
flow ssh permit # the way in
  # from outside: no
  ignore not src 192.168.0.0/24 # office
  match proto tcp # a
    # inside the rule
    dst 192.168.0.1 # b
# about all
flow all deny match # one line, the rule's
# the end
`;
    expect(parse(text).config).toMatchObject({
      items: [
        {
          comment: ["about ssh", ""],
          note: "the way in",
          rules: [
            { comment: ["from outside: no"], note: "office" },
            { comment: ["inside the rule"], note: "a b" },
          ],
        },
        { comment: ["about all"], note: "", rules: [{ note: "one line, the rule's" }] },
      ],
      comment: ["the end"],
    });
  });

  it("knows where everything stands", () => {
    const text = "# c\nflow mail skip director d # n\n off match not src\n 10.0.0.1 # r\n";
    const { places } = parse(text);
    const at = (pointer: string) => textOf(text, places.get(pointer));
    expect(at("/items/0")).toBe("flow mail skip director d # n\n off match not src\n 10.0.0.1");
    expect(at("/items/0/kind")).toBe("flow");
    expect(at("/items/0/name")).toBe("mail");
    expect(at("/items/0/comment/0")).toBe("# c");
    expect(at("/items/0/note")).toBe("# n");
    expect(at("/items/0/policy")).toBe("skip director d");
    expect(at("/items/0/skipped")).toBe("skip");
    expect(at("/items/0/policy/director")).toBe("d");
    expect(at("/items/0/rules/0")).toBe("off match not src\n 10.0.0.1");
    expect(at("/items/0/rules/0/conditions/src")).toBe("not src\n 10.0.0.1");
    expect(at("/items/0/rules/0/conditions/src/values/0")).toBe("10.0.0.1");
    expect(at("/items/0/rules/0/note")).toBe("# r");
  });

  it("goes on behind an error, and keeps what it could read", () => {
    const text = `flow a permit match src dst 10.0.0.1
nonsense here
flow b accept match dport { 25, 110 } proto tcp
list office { 10.0.0.0/8 }
flow { deny match src nowhere }
flow d deny match proto udp
flow c director`;
    const { config: read, diagnostics } = parse(text);
    expect(diagnostics.map(({ code, line }) => [code, line])).toEqual([
      ["missing-value", 1],
      ["unknown-word", 2],
      ["unknown-word", 3],
      ["unknown-word", 3],
      ["missing-name", 5],
      ["misplaced-word", 5],
      ["missing-director", 7],
    ]);
    expect(read.items).toMatchObject([
      { name: "a", rules: [{ conditions: { dst: { values: ["10.0.0.1"] } } }] },
      {
        name: "b",
        policy: { action: "permit" },
        rules: [{ conditions: { proto: { values: ["tcp"] }, dstport: { values: ["25", "110"] } } }],
      },
      { kind: "list", name: "office", values: ["10.0.0.0/8"] },
      { name: "d", rules: [{ conditions: { proto: { values: ["udp"] } } }] },
      { name: "c", policy: null },
    ]);
  });

  it("ends a list that nobody closed where a rule begins", () => {
    const { config: read, diagnostics } = parse("flow a permit match dstport { 25, 110 match proto tcp");
    expect(diagnostics.map(({ code }) => code)).toEqual(["missing-brace"]);
    expect(read.items).toMatchObject([
      {
        rules: [
          { conditions: { dstport: { values: ["25", "110"] } } },
          { conditions: { proto: { values: ["tcp"] } } },
        ],
      },
    ]);
  });

  it.each([
    ["iface { match }", ["match"]],
    ["iface { match, flow }", ["match", "flow"]],
    ["iface { eth0 match }", ["eth0", "match"]],
    ["iface { eth0, match eth1 }", ["eth0", "match", "eth1"]],
    ["iface { not, eth0 }", ["not", "eth0"]],
    ["iface { eth0, not }", ["eth0", "not"]],
    ["iface { not eth0 }", ["eth0"]],
    ["iface { eth0, not eth1 }", ["eth0", "eth1"]],
    ["iface { eth0 not src 10.0.0.1", ["eth0"]],
    ["iface {eth0,eth1}", ["eth0", "eth1"]],
    ["iface { eth0 eth1 # note\n\n eth2}", ["eth0", "eth1", "eth2"]],
    ["iface { eth0 match proto tcp", ["eth0"]],
    ["iface { eth0", ["eth0"]],
    ["iface { { eth0, { eth1 } }, eth2 }", ["eth0", "eth1", "eth2"]],
    ["iface { , eth0,, eth1 , }", ["eth0", "eth1"]],
  ])("reads the values of %j", (text, values) => {
    const [flow] = parse(`flow a permit match ${text}`).config.items;
    expect(flow?.kind === "flow" && flow.rules[0]?.conditions.iface?.values).toEqual(values);
  });

  it("reads named lists, their comments too, in any order with flows", () => {
    const text = `# who works here
list office { # both houses
  10.1.0.0/16, # old
  # and the new one
  @branch
}
flow list permit match src { @office, 10.9.0.1 } not dst @office
list branch {10.2.0.0/16}
list flow { 22 }`;
    const { config: read, diagnostics, places } = parse(text);
    expect(diagnostics).toEqual([]);
    expect(read.items).toMatchObject([
      {
        kind: "list",
        name: "office",
        values: ["10.1.0.0/16", "@branch"],
        comment: ["who works here", "and the new one"],
        note: "both houses old",
      },
      {
        name: "list",
        rules: [
          {
            conditions: {
              src: { not: false, values: ["@office", "10.9.0.1"] },
              dst: { not: true, values: ["@office"] },
            },
          },
        ],
      },
      { kind: "list", name: "branch", values: ["10.2.0.0/16"] },
      { kind: "list", name: "flow", values: ["22"] },
    ]);
    const at = (pointer: string) => textOf(text, places.get(pointer));
    expect(at("/items/0/values/1")).toBe("@branch");
    expect(at("/items/0/kind")).toBe("list");
    expect(at("/items/2")).toBe("list branch {10.2.0.0/16}");
    expect(at("/items/2/name")).toBe("branch");
    expect(at("/items/2/values")).toBe("{10.2.0.0/16}");
    expect(at("/items/1/rules/0/conditions/src/values/1")).toBe("10.9.0.1");
    expect(at("/items/1/rules/0/conditions/src/values")).toBe("{ @office, 10.9.0.1 }");
    expect(at("/items/1/policy/action")).toBe("permit");
  });

  it("says which flow and rule an error is in", () => {
    const { diagnostics } = parse("flow a permit match flow b deny match ignore src");
    expect(diagnostics).toMatchObject([{ flow: "b", rule: 2 }]);
  });

  it("offers what was meant as a fix", () => {
    const { diagnostics } = parse("flow a permit match dport 22");
    expect(diagnostics[0]?.fixes).toEqual([{ label: "Write dstport", text: "dstport" }]);
  });

  it("never throws, and its places lie in the text", () => {
    const word = fc.constantFrom(
      ...["flow", "outflow", "list", "expect", "permit", "deny", "director", "table", "skip", "off", "match"],
      ...[
        "ignore",
        "not",
        "iface",
        "proto",
        "src",
        "dst",
        "dstport",
        "icmptype",
        "state",
        "{",
        "}",
        ",",
        "# c\n",
      ],
      ...["\n", "10.0.0.1", "tcp", "22", "@a", "accept", "dport", "x", "\u{1f600}", "\r\n", "::1", "permti"],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), fc.constantFrom(" ", ""), (words, gap) => {
        const text = words.join(gap);
        const lines = text.split("\n");
        const { diagnostics, places } = checkText(text);
        for (const span of [...places.values(), ...diagnostics]) {
          const { line = 0, column = 0, endLine = 0, endColumn = 0 } = span;
          expect([line, endLine].every((one) => one >= 1 && one <= lines.length)).toBe(true);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(endColumn).toBeLessThanOrEqual((lines[endLine - 1]?.length ?? 0) + 1);
          expect(line < endLine || column <= endColumn).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

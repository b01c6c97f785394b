import { describe, expect, it } from "vitest";
import {
  type Config,
  configSchema,
  type Flow,
  flowsOf,
  type Item,
  parse,
  print,
  printFlow,
  printRule,
  printWithPlaces,
} from "../src/index.ts";
import { manyFlows } from "../src/testing.ts";
import { FIVE_EXAMPLES, ON_MANY_LINES } from "./examples.ts";

const config = (...items: object[]): Config => configSchema.parse({ items, comment: [] });
const flow = { kind: "flow", name: "a", policy: { action: "permit" } };
const reprint = (text: string) => print(parse(text).config);

describe("the printer", () => {
  it("writes the canonical text", () => {
    expect(reprint(FIVE_EXAMPLES)).toBe(ON_MANY_LINES);
    expect(reprint(ON_MANY_LINES)).toBe(ON_MANY_LINES);
    expect(print({ items: [], comment: [] })).toBe("");
  });

  it("keeps comments with their owners", () => {
    const text = `# about a
#
#  indented
flow a permit # way in
  # first
  match dst 10.0.0.1 # note
  off ignore

# about b
flow b skip deny

# the end
`;
    expect(reprint(text)).toBe(text);
    expect(reprint("# only this")).toBe("# only this\n");
  });

  it("prints conditions in the grammar's order, and values in their canonical form", () => {
    const written =
      "flow a skip table 7 match icmptype 08 not dstport 22:22 srcport 1024: dst 2001:DB8:0::1/128 src 10.0.0.0/255.0.0.0 proto 6 iface eth+";
    expect(reprint(written)).toBe(`flow a skip table 7
  match iface eth+ proto 6 src 10.0.0.0/8 dst 2001:db8::1 srcport 1024:65535 not dstport 22 icmptype 08
`);
  });

  it("writes lists of interfaces that are called like words of the language so that they read back", () => {
    const iface = { not: false, values: ["eth0", "not", "match", "not", "flow"] };
    const named = config({ ...flow, rules: [{ verb: "match", conditions: { iface } }] });
    expect(printWithPlaces(named).text).toBe(
      "flow a permit\n  match iface { eth0, not, match, not, flow }\n",
    );
    expect(parse(print(named)).diagnostics).toEqual([]);
  });

  it("writes skip where there is no policy", () => {
    expect(reprint("flow a match")).toBe("flow a skip\n  match\n");
  });

  it("prints what is being edited, however unfinished, and never throws", () => {
    const [unfinished] = config({
      ...flow,
      policy: { action: "director", director: "" },
      rules: [
        { verb: "match", note: "two\nlines", conditions: { src: "not a b", dstport: ["25", "110:110"] } },
      ],
    }).items as Flow[];
    expect(unfinished && printFlow(unfinished)).toContain("flow a director ");
    const rule = unfinished?.rules[0];
    expect(rule && printRule({ ...rule, note: "" })).toBe("match not src a b dstport { 25, 110 }");
  });

  it.each([
    [
      "a value of two words",
      config({ ...flow, rules: [{ verb: "match", conditions: { src: "10.0.0.1 dst ::1" } }] }),
    ],
    ["a value that is a comment", config({ ...flow, rules: [{ verb: "match", conditions: { src: "#" } }] })],
    ["an empty name", config({ ...flow, name: "" })],
    ["a director of two lines", config({ ...flow, policy: { action: "director", director: "a\nb" } })],
    ["a table in braces", config({ ...flow, policy: { action: "table", table: "{1}" } })],
    ["a note of two lines", config({ ...flow, note: "a\nflow evil permit match" })],
    ["a comment of two lines", config({ ...flow, comment: ["a\r"] })],
    ["a rule's comment of two lines", config({ ...flow, rules: [{ verb: "match", comment: ["a\nmatch"] }] })],
    ["a last comment of two lines", { items: [], comment: ["a\n"] }],
    ["a list's value of two words", config({ kind: "list", name: "office", values: ["22 }", "23"] })],
    [
      "an expectation's table of two words",
      config({ kind: "expect", verdict: { action: "table", table: "1 src ::1" } }),
    ],
    [
      "an expectation's value that is a brace",
      config({ kind: "expect", verdict: { action: "deny" }, conditions: { src: "}" } }),
    ],
    [
      "an expectation's note of two lines",
      config({ kind: "expect", verdict: { action: "deny" }, note: "\n" }),
    ],
  ])("refuses what would come back as something else: %s", (_, unprintable) => {
    expect(() => print(unprintable)).toThrow(/cannot be printed/);
  });

  it("says where everything stands", () => {
    const [a, b] = [
      { ...flow, comment: ["c"], rules: [{ verb: "match", conditions: { src: "10.0.0.1/32" } }] },
      { ...flow, name: "b" },
    ];
    const { text, places } = printWithPlaces(config(a, b));
    expect(text).toBe("# c\nflow a permit\n  match src 10.0.0.1\n\nflow b permit\n");
    expect(places.get("/items/0/rules/0/conditions/src/values/0")).toEqual({
      line: 3,
      column: 13,
      endLine: 3,
      endColumn: 21,
    });
    expect(places.get("/items/1/name")).toEqual({ line: 5, column: 6, endLine: 5, endColumn: 7 });
  });

  it("puts a list on one line where it fits, otherwise each value on its own", () => {
    const ports = Array.from({ length: 17 }, (_, index) => String(10_000 + index));
    const short = {
      kind: "list",
      name: "web",
      values: ["80:80", "@tls", "1024:"],
      note: "n",
      comment: ["c"],
    };
    const long = { kind: "list", name: "many", values: ports, note: "n" };
    const text = print(config(short, long, { kind: "list", name: "one", values: ["2001:DB8::/32"] }));
    expect(text).toBe(
      `# c\nlist web { 80, @tls, 1024:65535 } # n\n\nlist many { # n\n  ${ports.join(",\n  ")}\n}\n\nlist one { 2001:db8::/32 }\n`,
    );
    expect(parse(text).config).toMatchObject({
      items: [{ note: "n", values: ["80", "@tls", "1024:65535"] }, { note: "n", values: ports }, {}],
    });
  });

  it("throws rather than give places for a text that reads back otherwise", () => {
    const empty = config({ kind: "list", name: "a", values: ["{"] });
    expect(() => printWithPlaces(empty)).toThrow(/cannot be printed/);
    const [one] = config(flow).items as Flow[];
    if (one)
      expect(() => printWithPlaces({ items: [{ ...one, policy: null }], comment: [] })).toThrow(/read back/);
  });
});

describe("a config of many flows", () => {
  it("prints an item once: an edit costs the item that it touches", () => {
    const asked: string[] = [];
    const watched = (item: Item): Item =>
      new Proxy(item, {
        get(target, key, self) {
          if (key === "kind" && target.kind === "flow") asked.push(target.name);
          return Reflect.get(target, key, self);
        },
      });
    const before = manyFlows(50);
    const items = flowsOf(before).map(watched);
    printWithPlaces({ ...before, items });
    expect(new Set(asked).size).toBe(50);
    asked.length = 0;
    const edited = flowsOf(before)
      .slice(0, 1)
      .map((flow) => watched({ ...flow, note: "edited" }));
    expect(printWithPlaces({ ...before, items: [...edited, ...items.slice(1)] }).text).toContain("# edited");
    expect(new Set(asked)).toEqual(new Set(["service-0"]));
  });
});

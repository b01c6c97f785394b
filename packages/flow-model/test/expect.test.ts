/** Expectations from text to JSON and back, in edits and among changes. */
import { describe, expect, it } from "vitest";
import {
  type Change,
  changes,
  check,
  checkText,
  describeEdit,
  type Edit,
  edit,
  editAll,
  editSchema,
  flowsOf,
  keyOf,
  parse,
  print,
  usesOf,
} from "../src/index.ts";

const read = (text: string) => {
  const { config, diagnostics } = checkText(text);
  expect(diagnostics).toEqual([]);
  return config;
};

describe("an expectation", () => {
  it("is read from text, says what JSON says, and prints on one line", () => {
    const text = `list office { 10.0.0.0/8 }
# ssh is for us
expect flow deny # nobody else
  not src @office
  dst 192.168.0.1/32 dstport { 22:22, 2022 }
expect outflow table main proto udp
expect undecided
`;
    for (const written of [text, text.replaceAll("\n", "\r\n")]) {
      const config = read(written);
      expect(config.items.slice(1)).toEqual([
        {
          kind: "expect",
          direction: "in",
          verdict: { action: "deny" },
          conditions: {
            src: { not: true, values: ["@office"] },
            dst: { not: false, values: ["192.168.0.1/32"] },
            dstport: { not: false, values: ["22:22", "2022"] },
          },
          comment: ["ssh is for us"],
          note: "nobody else",
        },
        {
          kind: "expect",
          direction: "out",
          verdict: { action: "table", table: "main" },
          conditions: { proto: { not: false, values: ["udp"] } },
          comment: [],
          note: "",
        },
        {
          kind: "expect",
          direction: "in",
          verdict: { action: "undecided" },
          conditions: {},
          comment: [],
          note: "",
        },
      ]);
      expect(print(config)).toBe(`list office { 10.0.0.0/8 }

# ssh is for us
expect deny not src @office dst 192.168.0.1 dstport { 22, 2022 } # nobody else

expect outflow table main proto udp

expect undecided
`);
    }
  });

  it("has a place for each of its parts", () => {
    const { places } = parse("# c\nexpect outflow table main # n\n  dstport 22\nflow a permit");
    const of = (path: string) => {
      const { line, column, endLine, endColumn } = places.get(`/items/0${path}`) ?? {};
      return [line, column, endLine, endColumn];
    };
    expect(of("")).toEqual([2, 1, 3, 13]);
    expect(of("/kind")).toEqual([2, 1, 2, 7]);
    expect(of("/direction")).toEqual([2, 8, 2, 15]);
    expect(of("/verdict")).toEqual([2, 16, 2, 26]);
    expect(of("/verdict/action")).toEqual([2, 16, 2, 21]);
    expect(of("/verdict/table")).toEqual([2, 22, 2, 26]);
    expect(of("/note")).toEqual([2, 27, 2, 30]);
    expect(of("/comment/0")).toEqual([1, 1, 1, 4]);
    expect(of("/conditions/dstport")).toEqual([3, 3, 3, 13]);
    expect(of("/conditions/dstport/values/0")).toEqual([3, 11, 3, 13]);
  });

  it("reserves no word: flows and interfaces may be called what it is made of", () => {
    const text = "flow expect permit\n  match iface undecided\n\nflow undecided deny\n  match\n";
    expect(print(read(text))).toBe(text);
    // As they could be before the word came.
    read("flow a permit match iface { eth0 undecided eth1 }");
    expect(flowsOf(read("expect director permit src 10.0.0.1 flow permit deny match"))).toMatchObject([
      { name: "permit", policy: { action: "deny" } },
    ]);
    // Behind `expect`, `flow` before a verdict is the direction.
    expect(read("expect flow permit src 10.0.0.1").items).toHaveLength(1);
  });

  it("costs the flows behind it nothing when it is wrong", () => {
    for (const wrong of ["expect", "expect flow", "expect deny src", "expect deny src { 10.0.0.1"]) {
      const { config, diagnostics } = checkText(`${wrong}\nflow ssh permit\n  match dstport 22`);
      expect(diagnostics, wrong).toHaveLength(1);
      expect(flowsOf(config), wrong).toMatchObject([{ name: "ssh", rules: [{ verb: "match" }] }]);
    }
  });

  it("may be large: the limits of rules in the kernel are not its own", () => {
    const many = (count: number, of: (at: number) => string) =>
      Array.from({ length: count }, (_, at) => of(at));
    const hosts = many(40, (at) => `10.1.0.${at}`).join(" ");
    const sets = `src { ${hosts} } dstport { ${many(800, (at) => String(2 * at)).join(" ")} }`;
    expect(check(parse(`expect deny ${sets}`).config)).toEqual([]);
    expect(check(parse(`flow a deny match ${sets}`).config)).toMatchObject([
      { code: "too-many-combinations" },
    ]);
  });

  it("uses the lists that it names", () => {
    const config = read("list office { 10.0.0.0/8 }\nexpect deny src { @office } dst @office");
    const key = "expect deny src @office dst @office";
    expect(usesOf(config).get("office")).toEqual([
      { expect: key, kind: "src" },
      { expect: key, kind: "dst" },
    ]);
  });
});

const CONFIG = read(`list office { 10.0.0.0/8 }

expect deny src @office # first

flow a permit
  match

expect outflow undecided
`);
const KEY = "expect deny src @office";
const DENY_22 = { kind: "expect", verdict: { action: "deny" }, conditions: { dstport: "22:22" }, note: "n" };

const one = (value: unknown): Edit => editSchema.parse(value);

describe("edits of expectations", () => {
  it("name one by its canonical text without comments", () => {
    expect(CONFIG.items.map(keyOf)).toEqual(["@office", KEY, "a", "expect outflow undecided"]);
    const done = editAll(CONFIG, [
      one({ do: "add", item: DENY_22, before: KEY }),
      one({ do: "move", name: "expect deny dstport 22", after: "a" }),
      one({
        do: "change",
        name: "expect deny dstport 22",
        item: { ...DENY_22, conditions: { dstport: "23" } },
      }),
      one({ do: "remove", name: "expect outflow undecided" }),
      one({ do: "rename", name: "@office", to: "hq" }),
      one({ do: "move", name: "expect deny src @hq" }),
    ]);
    expect("config" in done && print(done.config)).toBe(`list hq { 10.0.0.0/8 }

flow a permit
  match

expect deny dstport 23 # n

expect deny src @hq # first
`);
  });

  it.each([
    [{ do: "remove", name: "expect deny" }, "unknown-expectation"],
    [{ do: "rename", name: KEY, to: "b" }, "no-name"],
    [{ do: "switch", name: KEY, on: false }, "not-a-flow"],
    [{ do: "add", item: { ...DENY_22, conditions: { src: "@office" } } }, "duplicate-expectation"],
    [
      {
        do: "change",
        name: KEY,
        item: { kind: "expect", direction: "out", verdict: { action: "undecided" } },
      },
      "duplicate-expectation",
    ],
  ])("refuse what cannot be: %j", (wrong, code) => {
    expect(edit(CONFIG, one(wrong))).toMatchObject({ error: { code } });
  });

  it("say which expectations there are", () => {
    expect(edit(CONFIG, one({ do: "remove", name: "expect deny" }))).toMatchObject({
      error: {
        message: 'there is no expectation "expect deny"',
        help: `the config has ${KEY}, expect outflow undecided`,
      },
    });
  });

  it("are told in words", () => {
    expect(describeEdit(one({ do: "add", item: DENY_22, after: "a" }))).toBe(
      "add expect deny dstport 22 after a",
    );
    expect(describeEdit(one({ do: "remove", name: KEY }))).toBe(`remove ${KEY}`);
    const ports = Array.from({ length: 1000 }, (_, port) => String(2 * port));
    const long = describeEdit(one({ do: "add", item: { ...DENY_22, conditions: { dstport: ports } } }));
    expect(long).toMatch(/^add expect deny dstport \{ 0, 2, 4, .{40,60}…$/);
  });
});

describe("changes of expectations", () => {
  const [list, deny, flow, undecided] = CONFIG.items;
  const from = (...items: unknown[]) => {
    const made = editAll(
      { items: [], comment: [] },
      items.map((item) => one({ do: "add", item })),
    );
    if ("error" in made) throw new Error(made.error.message);
    return changes(CONFIG, made.config);
  };

  it.each<[string, unknown[], [string, Change][], string]>([
    [
      "added",
      [list, deny, flow, DENY_22, undecided],
      [["expect deny dstport 22", "added"]],
      "1 expectation added; nothing else changes",
    ],
    [
      "removed",
      [list, deny, flow],
      [["expect outflow undecided", "removed"]],
      "1 expectation removed; nothing else changes",
    ],
    [
      "changed, which makes it another one",
      [list, deny, flow, DENY_22],
      [
        ["expect deny dstport 22", "added"],
        ["expect outflow undecided", "removed"],
      ],
      "1 expectation added, 1 removed; nothing else changes",
    ],
    [
      "commented",
      [list, { ...deny, note: "other" }, flow, undecided],
      [[KEY, "commented"]],
      "1 expectation commented; nothing else changes",
    ],
    [
      "moved past a flow, which moves no flow",
      [list, flow, deny, undecided],
      [[KEY, "moved"]],
      "1 expectation moved; nothing else changes",
    ],
  ])("tells what was %s", (_, items, found, headline) => {
    const { changes: told, headline: said } = from(...items);
    expect(told.map(({ name, change }) => [name, change])).toEqual(found);
    expect(said).toBe(headline);
  });

  it("is as it was when a list that it names gets another name", () => {
    const renamed = edit(CONFIG, one({ do: "rename", name: "@office", to: "hq" }));
    expect("config" in renamed && changes(CONFIG, renamed.config)).toMatchObject({
      changes: [{ name: "@hq", change: "changed", was: "@office" }],
      headline: "1 list renamed; nothing else changes",
    });
  });
});

/** Who gets which mark, keeps it, loses it; what is refused. */
import { type Config, checkText } from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignMarks, indexOf, type Marks, markOf, OUR_TABLES } from "../src/index.ts";
import { DEFAULTS } from "./golden.ts";

const NONE: Marks = { directors: {}, tables: {} };

const configOf = (...policies: string[]): Config =>
  checkText(
    policies.map((policy, i) => `flow f${i} ${policy} match proto tcp dst 10.0.0.${i} dstport 80\n`).join(""),
  ).config;

function marksOf(config: Config, old = NONE, options = DEFAULTS): Marks {
  const assigned = assignMarks(config, old, options);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return assigned.marks;
}

describe("marks", () => {
  test("directors and tables share one row of numbers, in the order of the config", () => {
    expect(marksOf(configOf("director web", "table 100", "director mail", "permit", "director web"))).toEqual(
      {
        directors: { web: 1, mail: 3 },
        tables: { "100": 2 },
      },
    );
  });

  test("who has one keeps it, whatever the order; a new one takes the lowest that nobody has or had", () => {
    const old = marksOf(configOf("director a", "director b", "director c"));
    expect(marksOf(configOf("director new", "director c", "director a"), old).directors).toEqual({
      a: 1,
      c: 3,
      new: 4,
    });
  });

  test("who was gone gets his own back, unless others needed it: there was no other left", () => {
    const options = { ...DEFAULTS, markMask: 0x300 };
    const old = marksOf(configOf("director a", "director b"), NONE, options);
    const two = marksOf(configOf("director c", "director b"), old, options);
    expect(two.directors).toEqual({ b: 2, c: 3 });
    expect(marksOf(configOf("director a", "director b"), { ...old, ...two }, options).directors).toEqual({
      a: 1,
      b: 2,
    });
    expect(marksOf(configOf("director d", "director c", "director b"), old, options).directors).toEqual({
      d: 3,
      c: 1,
      b: 2,
    });
  });

  test("one that is set by hand goes before all others, and waits for its owner", () => {
    const byHand: Marks = { directors: { b: 1, gone: 2 }, tables: {} };
    const old = marksOf(configOf("director a", "director b"));
    expect(old.directors).toEqual({ a: 1, b: 2 });
    const assigned = assignMarks(configOf("director a", "director b"), old, DEFAULTS, byHand);
    expect(assigned).toEqual({ marks: { directors: { b: 1, a: 3 }, tables: {} } });
    const narrow = assignMarks(
      configOf("director a", "director b", "director c"),
      NONE,
      { ...DEFAULTS, markMask: 0x300 },
      byHand,
    );
    expect(narrow).toMatchObject({ error: { code: "marks-full", flow: "f2" } });
  });

  test("a flow that is switched off still holds its director's mark", () => {
    const old = marksOf(configOf("director a", "director b"));
    expect(marksOf(configOf("director new", "skip director a", "director b"), old).directors).toEqual({
      a: 1,
      b: 2,
      new: 3,
    });
  });

  test("main and 254 are one table, and so are a name and its number", () => {
    const options = { ...DEFAULTS, tables: { office: 200 } };
    expect(
      marksOf(configOf("table main", "table 254", "table office", "table 200"), NONE, options).tables,
    ).toEqual({
      "200": 2,
      "254": 1,
    });
  });

  test.each(["__proto__", "constructor", "toString"])("a director may be called %s", (name) => {
    const marks = marksOf(configOf(`director ${name}`, "director web"));
    expect(Object.entries(marks.directors)).toEqual([
      [name, 1],
      ["web", 2],
    ]);
    expect(marksOf(configOf("director web", `director ${name}`), marks)).toEqual(marks);
  });

  test("old marks that the mask cannot hold, or that stand twice, are given anew", () => {
    const old = { directors: { a: 256, b: 3, c: 3, d: 0 }, tables: {} };
    expect(marksOf(configOf("director a", "director b", "director c", "director d"), old).directors).toEqual({
      a: 1,
      b: 3,
      c: 2,
      d: 4,
    });
  });

  test.each([
    [1, 0xff00, 0x100],
    [255, 0xff00, 0xff00],
    [1, 0xffff_0000, 0x1_0000],
    [65_535, 0xffff_0000, 0xffff_0000],
    [3, 0x3, 3],
    [1, 0x8000_0000, 0x8000_0000],
  ])("index %i under mask %i is mark %i", (index, mask, mark) => {
    expect(markOf(index, mask)).toBe(mark);
    expect(indexOf(mark, mask)).toBe(index);
  });

  test.each([
    [0x1, 0xff00],
    [0x1_0100, 0xff00],
    [0, 0xff00],
    [0x8000_0000, 0x7fff_0000],
  ])("mark %i is none under mask %i", (mark, mask) => {
    expect(indexOf(mark, mask)).toBeNull();
  });

  test("nobody's mark changes, and no two have the same, whatever comes, goes, moves or is switched off", () => {
    const NAMES = ["a", "b", "c", "d", "e", "f"];
    const policy = fc.oneof(
      fc.constantFrom(...NAMES).map((name) => `director ${name}`),
      fc.constantFrom(...NAMES).map((name) => `skip director ${name}`),
      fc.constantFrom("table 10", "table 11", "permit"),
    );
    const walks = fc.array(fc.array(policy, { maxLength: 8 }), { minLength: 2, maxLength: 12 });
    // 15 marks for 8 owners: nobody ever needs another's.
    const options = { ...DEFAULTS, markMask: 0xf00 };
    fc.assert(
      fc.property(walks, (configs) => {
        const first = new Map<string, number>();
        let old = NONE;
        for (const policies of configs) {
          const marks = marksOf(configOf(...policies), old, options);
          for (const kind of ["directors", "tables"] as const) {
            for (const [name, index] of Object.entries(marks[kind])) {
              expect(first.get(`${kind} ${name}`) ?? index).toBe(index);
              first.set(`${kind} ${name}`, index);
            }
          }
          expect(new Set(first.values()).size).toBe(first.size);
          old = {
            directors: { ...old.directors, ...marks.directors },
            tables: { ...old.tables, ...marks.tables },
          };
        }
      }),
    );
  });
});

describe("refused", () => {
  test("one more than the mask holds", () => {
    const policies = ["director a", "director b", "director c", "table 9"];
    expect(assignMarks(configOf(...policies), NONE, { ...DEFAULTS, markMask: 0x30000 })).toEqual({
      error: {
        code: "marks-full",
        severity: "error",
        message: "there is no packet mark left: the mask 0x30000 tells 3 directors and tables apart",
        help: "remove directors or tables that are no longer needed, or set a wider mark mask",
        path: "/items/3/policy",
        flow: "f3",
      },
    });
  });

  test("a table that the machine does not know by name", () => {
    expect(assignMarks(configOf("permit", "table office"), NONE, DEFAULTS)).toEqual({
      error: {
        code: "unknown-table",
        severity: "error",
        message: 'this machine has no routing table called "office"',
        help: "write its number, or give it a name in /etc/iproute2/rt_tables",
        path: "/items/1/policy",
        flow: "f1",
      },
    });
  });

  test.each([OUR_TABLES.first, OUR_TABLES.last])("table %i, which is a director's", (table) => {
    const refused = assignMarks(configOf(`table ${table}`), NONE, DEFAULTS);
    expect(refused).toMatchObject({
      error: {
        code: "reserved-table",
        message: `routing table ${table} belongs to flowmgr: its directors use 1718353920 to 1718419455`,
        path: "/items/0/policy",
      },
    });
    expect(assignMarks(configOf(`skip table ${OUR_TABLES.first - 1}`), NONE, DEFAULTS)).toHaveProperty(
      "marks",
    );
  });
});

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  type Config,
  check,
  checkText,
  configSchema,
  expandLists,
  flowsOf,
  listKinds,
  listNamed,
  listsOf,
  print,
  usesOf,
} from "../src/index.ts";

const list = (name: string, ...values: string[]) => ({ kind: "list", name, values });
const flow = (...rules: object[]) => ({
  kind: "flow",
  name: "f",
  policy: { action: "permit" },
  rules: rules.map((conditions) => ({ verb: "match", conditions })),
});
const config = (...items: object[]): Config => configSchema.parse({ items, comment: [] });

const valuesOf = (expanded: Config) => flowsOf(expanded)[0]?.rules.map(({ conditions }) => conditions);

describe("a reference", () => {
  it("is a value with an @ in front", () => {
    expect(listNamed("@office")).toBe("office");
    expect(listNamed("@")).toBe("");
    expect(listNamed("10.0.0.1")).toBeNull();
    expect(listNamed("wg@0")).toBeNull();
  });
});

describe("the kind of a list", () => {
  it.each([
    [[list("a", "10.0.0.1")], { a: "addresses" }],
    [[list("a", "2001:db8::/32")], { a: "addresses" }],
    [[list("a", "22")], { a: "ports" }],
    [[list("a", ":1023")], { a: "ports" }],
    [[list("a", "nonsense", "22", "10.0.0.1")], { a: "ports" }],
    [[list("a")], { a: null }],
    [[list("a", "nonsense")], { a: null }],
    [[list("a", "@b"), list("b", "22")], { a: "ports", b: "ports" }],
    [[list("a", "@b", "10.0.0.1"), list("b", "22")], { a: "addresses", b: "ports" }],
    [[list("a", "@a")], { a: null }],
    [[list("a", "@b"), list("b", "@a", "22")], { a: null, b: "ports" }],
    [[list("a", "@b", "22"), list("b", "@a")], { a: "ports", b: "ports" }],
    [[list("a", "@nobody")], { a: null }],
    [[list("a", "22"), list("a", "10.0.0.1")], { a: "ports" }],
  ])("%j", (items, expected) => {
    expect(Object.fromEntries(listKinds(config(...items)))).toEqual(expected);
  });
});

describe("where lists are named", () => {
  it("names the lists and rules that do, unknown names and unused lists too", () => {
    const uses = usesOf(
      config(
        list("unused", "22"),
        list("all", "@office", "@office"),
        flow({ src: ["@office", "10.0.0.1"], iface: "wg0" }, { dstport: "@web", dst: "@office" }),
        list("office", "10.0.0.0/8"),
      ),
    );
    expect(Object.fromEntries(uses)).toEqual({
      unused: [],
      all: [],
      office: [{ list: "all" }, { flow: "f", rule: 1, kind: "src" }, { flow: "f", rule: 2, kind: "dst" }],
      web: [{ flow: "f", rule: 2, kind: "dstport" }],
    });
  });
});

describe("expanded lists", () => {
  it("put values in the place of references, each once, nested ones too", () => {
    const expanded = expandLists(
      config(
        flow({ src: ["10.0.0.1", "@all"], dst: { not: true, values: ["@office"] } }, { dstport: "25" }),
        list("all", "@office", "10.0.0.1", "@branch"),
        list("branch", "10.2.0.0/16"),
        list("office", "10.1.0.0/16", "10.2.0.0/16"),
      ),
    );
    expect(valuesOf(expanded)).toEqual([
      {
        src: { not: false, values: ["10.0.0.1", "10.1.0.0/16", "10.2.0.0/16"] },
        dst: { not: true, values: ["10.1.0.0/16", "10.2.0.0/16"] },
      },
      { dstport: { not: false, values: ["25"] } },
    ]);
    expect(listsOf(expanded)[0]?.values).toEqual(["10.1.0.0/16", "10.2.0.0/16", "10.0.0.1"]);
  });

  it("leave out what is unknown, and what a list would hold of itself", () => {
    const expanded = expandLists(
      config(
        flow({ src: "@nobody", dst: ["@a", "@nobody"] }, { src: "@b", dst: "@self" }),
        list("a", "10.0.0.1", "@b"),
        list("b", "@a", "10.0.0.2"),
        list("self", "@self", "10.0.0.3", "@a"),
      ),
    );
    expect(valuesOf(expanded)).toEqual([
      { src: { not: false, values: [] }, dst: { not: false, values: ["10.0.0.1"] } },
      { src: { not: false, values: ["10.0.0.2"] }, dst: { not: false, values: ["10.0.0.3", "10.0.0.1"] } },
    ]);
  });

  it("are found once for a config, and share what names no list", () => {
    const without = config(flow({ src: "10.0.0.1" }), list("a", "10.0.0.2"));
    expect(expandLists(without)).toBe(without);
    const named = config(flow({ src: "@a", dst: "10.0.0.1" }), flow({}), list("a", "10.0.0.2"));
    const expanded = expandLists(named);
    expect(expandLists(named)).toBe(expanded);
    expect(expandLists(expanded)).toBe(expanded);
    expect(expanded.items[1]).toBe(named.items[1]);
    expect(expanded.items[2]).toBe(named.items[2]);
  });

  it("are the same values as before an edit of something else", () => {
    for (const values of [
      ["10.0.0.1", "10.0.0.2"],
      ["10.0.0.1", "10.0.0.1"],
    ]) {
      const before = config(list("a", ...values), flow({ src: { values: ["@a"] } }));
      const after = { ...before, comment: ["edited"] };
      const [one, other] = [before, after].map((each) => valuesOf(expandLists(each))?.[0]?.src?.values);
      expect(one).toEqual([...new Set(values)]);
      expect(other).toBe(one);
    }
  });

  it("hold what can be reached from a name, whatever the order of the lists", () => {
    // A list names only later ones: no cycles. Which place each has in the config is drawn too.
    const size = 6;
    const references = fc.array(fc.array(fc.nat(size - 1), { maxLength: 3 }), {
      minLength: size,
      maxLength: size,
    });
    const order = fc.shuffledSubarray([...Array(size).keys()], { minLength: size });
    fc.assert(
      fc.property(references, order, (drawn, places) => {
        const named = drawn.map((targets, from) => targets.filter((target) => target > from));
        const reach = (from: number): string[] => [`10.0.0.${from}`, ...(named[from] ?? []).flatMap(reach)];
        const lists = places.map((from) =>
          list(`l${from}`, ...(named[from] ?? []).map((target) => `@l${target}`), `10.0.0.${from}`),
        );
        const expanded = expandLists(config(flow(...places.map((from) => ({ src: `@l${from}` }))), ...lists));
        expect(valuesOf(expanded)?.map(({ src }) => src?.values.toSorted())).toEqual(
          places.map((from) => [...new Set(reach(from))].toSorted()),
        );
        expect(expandLists(structuredClone(expanded))).toEqual(expanded);
      }),
    );
  });

  it("have an end, which check says, before a chain of lists fills the memory", () => {
    const chain = (count: number) =>
      config(
        ...Array.from({ length: count }, (_, index) =>
          list(`l${index}`, `10.${index >> 8}.${index & 255}.1`, `@l${index + 1}`),
        ),
        list(`l${count}`, "10.255.0.1"),
      );
    const codes = (count: number) => check(chain(count)).map(({ code }) => code);
    expect(codes(1000)).toEqual([]);
    expect(codes(2000)).toEqual(["too-many-values"]);
    // At the first list with which it is too much, from the end: 1 + ... + 1414 values are more than a million.
    const [{ path, flow, line } = {}] = checkText(print(chain(2000))).diagnostics;
    expect({ path, flow }).toEqual({ path: "/items/586/name", flow: "@l586" });
    expect(line).toBe(1173);
  });

  it("of ports are read once, however many rules name them", () => {
    const ports = Array.from({ length: 500 }, (_, index) => String(2 * index));
    const reads = (count: number) => {
      const rules = Array.from({ length: count }, () => ({ proto: "tcp", dstport: "@many" }));
      const spy = vi.spyOn(String.prototype, "indexOf");
      expect(check(config(list("many", ...ports), flow(...rules)))).toEqual([]);
      const looks = spy.mock.calls.filter(([wanted]) => wanted === ":").length;
      spy.mockRestore();
      return looks;
    };
    // To read a port is to look for the colon of a range.
    expect(reads(1)).toBeGreaterThanOrEqual(ports.length);
    expect(reads(40)).toBeLessThan(reads(1) + ports.length);
  });

  it("are found for a chain of lists that is longer than any stack", () => {
    const count = 50_000;
    const chain = Array.from({ length: count }, (_, index) => list(`l${index}`, `@l${index + 1}`));
    const expanded = expandLists(config(flow({ src: "@l0" }), ...chain, list(`l${count}`, "10.0.0.1")));
    expect(valuesOf(expanded)).toEqual([{ src: { not: false, values: ["10.0.0.1"] } }]);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Config,
  describeEdit,
  type Edit,
  edit,
  editAll,
  editSchema,
  flowsOf,
  keyOf,
  parse,
  print,
} from "../src/index.ts";
import { arbitraryConfig, arbitraryFlow, arbitraryRule } from "../src/testing.ts";

const ABC = parse("flow a permit match proto tcp match proto udp flow b deny match flow c skip").config;
const [A, B, C] = ABC.items;
const D = parse("flow d permit match").config.items[0];
const edited = (config: Config, ...edits: unknown[]) => {
  const result = editAll(
    config,
    edits.map((one) => editSchema.parse(one)),
  );
  if ("error" in result) throw new Error(`${result.error.message} | ${result.error.help}`);
  return result.config;
};
const LISTS = parse(`list office { 10.0.0.1 } list all { @office, 10.0.0.2 }
flow office permit match iface office not src @office dst { 10.0.0.3, @all, @office }`).config;
const order = (config: Config) => config.items.map(keyOf).join(" ");

describe("an edit", () => {
  it.each([
    [{ do: "add", item: D }, "a b c d"],
    [{ do: "add", item: D, before: "a" }, "d a b c"],
    [{ do: "add", item: D, after: "a" }, "a d b c"],
    [{ do: "add", item: D, position: 2 }, "a d b c"],
    [{ do: "add", item: D, position: 4 }, "a b c d"],
    [{ do: "change", name: "b", item: D }, "a d c"],
    [{ do: "remove", name: "b" }, "a c"],
    [{ do: "move", name: "a" }, "b c a"],
    [{ do: "move", name: "a", position: 2 }, "b a c"],
    [{ do: "move", name: "c", position: 1 }, "c a b"],
    [{ do: "move", name: "c", before: "b" }, "a c b"],
    [{ do: "move", name: "a", after: "b" }, "b a c"],
    [{ do: "rename", name: "a", to: "x" }, "x b c"],
  ])("%j gives %s", (one, names) => {
    expect(order(edited(ABC, one))).toBe(names);
  });

  it("leaves the given config and what it does not touch as they are", () => {
    const before = print(ABC);
    const after = edited(ABC, { do: "switch", name: "b", on: false });
    expect(print(ABC)).toBe(before);
    expect(after.items[0]).toBe(A);
    expect(after.items[1]).toEqual({ ...B, skipped: true });
    expect(after.items[2]).toBe(C);
  });

  it("gives the same config when nothing changes", () => {
    for (const one of [
      { do: "switch", name: "a", on: true },
      { do: "move", name: "a", position: 1 },
      { do: "move", name: "a", before: "a" },
      { do: "move", name: "a", before: "b" },
      { do: "switch-rule", flow: "a", number: 1, on: true },
      { do: "move-rule", flow: "a", number: 1, position: 1 },
    ]) {
      expect(edited(ABC, one)).toBe(ABC);
    }
  });

  it("works on rules", () => {
    const rules = (config: Config) =>
      flowsOf(config)[0]?.rules.map(
        ({ off, conditions }) => `${off ? "off " : ""}${conditions.proto?.values}`,
      );
    const rule = { verb: "match", conditions: { proto: "gre" } };
    expect(rules(edited(ABC, { do: "add-rule", flow: "a", rule }))).toEqual(["tcp", "udp", "gre"]);
    expect(rules(edited(ABC, { do: "add-rule", flow: "a", rule, position: 1 }))).toEqual([
      "gre",
      "tcp",
      "udp",
    ]);
    expect(rules(edited(ABC, { do: "change-rule", flow: "a", number: 2, rule }))).toEqual(["tcp", "gre"]);
    expect(rules(edited(ABC, { do: "remove-rule", flow: "a", number: 1 }))).toEqual(["udp"]);
    expect(rules(edited(ABC, { do: "move-rule", flow: "a", number: 1, position: 2 }))).toEqual([
      "udp",
      "tcp",
    ]);
    expect(rules(edited(ABC, { do: "switch-rule", flow: "a", number: 2, on: false }))).toEqual([
      "tcp",
      "off udp",
    ]);
  });

  it.each([
    [{ do: "remove", name: "x" }, 'unknown-flow: there is no flow "x" | the config has a, b, c'],
    [{ do: "move", name: "a", after: "x" }, 'unknown-flow: there is no flow "x" | the config has b, c'],
    [
      { do: "add", item: A },
      'duplicate-flow: there is a flow "a" already | choose another name, or change that flow',
    ],
    [
      { do: "rename", name: "b", to: "a" },
      'duplicate-flow: there is a flow "a" already | choose another name, or change that flow',
    ],
    [
      { do: "move", name: "a", before: "b", after: "c" },
      "bad-place: before, after and position exclude each other | give one of them",
    ],
    [{ do: "add", item: D, position: 5 }, "bad-position: there is no position 5 | positions go from 1 to 4"],
    [
      { do: "move", name: "a", position: 4 },
      "bad-position: there is no position 4 | positions go from 1 to 3",
    ],
    [
      { do: "switch", name: "c", on: true },
      'no-policy: the flow "c" has no policy that could be switched on | give it one: permit, deny, director NAME or table TABLE',
    ],
    [
      { do: "remove-rule", flow: "a", number: 3 },
      'unknown-rule: the flow "a" has no rule 3 | its rules go from 1 to 2',
    ],
    [
      { do: "switch-rule", flow: "c", number: 1, on: true },
      'unknown-rule: the flow "c" has no rule 1 | it has no rules',
    ],
    [
      { do: "move-rule", flow: "a", number: 1, position: 3 },
      'bad-position: the flow "a" has no position 3 | positions go from 1 to 2',
    ],
  ])("%j is refused", (one, sentence) => {
    const result = edit(ABC, editSchema.parse(one));
    expect("error" in result && `${result.error.code}: ${result.error.message} | ${result.error.help}`).toBe(
      sentence,
    );
  });

  it.each([
    [{ do: "remove", name: "@none" }, 'unknown-list: there is no list "none" | the config has @office, @all'],
    [
      { do: "rename", name: "@all", to: "@office" },
      'duplicate-list: there is a list "office" already | choose another name, or change that list',
    ],
    [
      { do: "add", item: { kind: "list", name: "all" } },
      'duplicate-list: there is a list "all" already | choose another name, or change that list',
    ],
    [{ do: "remove", name: "x" }, 'unknown-flow: there is no flow "x" | the config has office'],
    [{ do: "switch", name: "@all", on: true }, 'not-a-flow: "@all" is a list | name a flow or an outflow'],
  ])("%j is refused in the words of lists", (one, sentence) => {
    const result = edit(LISTS, editSchema.parse(one));
    expect("error" in result && `${result.error.code}: ${result.error.message} | ${result.error.help}`).toBe(
      sentence,
    );
  });

  it("says that there are no lists yet", () => {
    const result = edit(ABC, { do: "remove", name: "@office" });
    expect("error" in result && result.error.help).toBe("the config has no lists yet");
  });

  it("that renames a list renames it wherever it is named", () => {
    const expected = `list house { 10.0.0.1 }

list all { @house, 10.0.0.2 }

flow office permit
  match iface office not src @house dst { 10.0.0.3, @all, @house }
`;
    expect(print(edited(LISTS, { do: "rename", name: "@office", to: "house" }))).toBe(expected);
    expect(print(edited(LISTS, { do: "rename", name: "@office", to: "@house" }))).toBe(expected);
    const [office] = LISTS.items;
    const item = { ...office, name: "house" };
    expect(print(edited(LISTS, { do: "change", name: "@office", item }))).toBe(expected);
    expect(print(edited(LISTS, { do: "rename", name: "office", to: "house" }))).toContain(
      "flow house permit\n  match iface office not src @office",
    );
  });

  it("is one of all or none", () => {
    const edits: Edit[] = [
      { do: "remove", name: "a" },
      { do: "remove", name: "a" },
    ];
    expect(editAll(ABC, edits)).toMatchObject({ index: 1, error: { code: "unknown-flow" } });
  });

  it("can be undone by its inverse", () => {
    const cases = arbitraryConfig()
      .filter(({ items }) => items.length > 0)
      .chain((config) =>
        fc.record({
          config: fc.constant(config),
          from: fc.nat(config.items.length - 1),
          to: fc.nat(config.items.length - 1),
          flow: arbitraryFlow(),
          rule: arbitraryRule(),
        }),
      );
    fc.assert(
      fc.property(cases, ({ config, from, to, flow, rule }) => {
        const item = config.items[from];
        const name = item && keyOf(item);
        if (!item || !name) throw new Error("an item without a name");
        const last = item.kind === "list" || item.kind === "expect" ? 0 : item.rules.length + 1;
        const pairs: [Edit, Edit][] = [
          [
            { do: "move", name, position: to + 1 },
            { do: "move", name, position: from + 1 },
          ],
          [
            { do: "remove", name },
            { do: "add", item, position: from + 1 },
          ],
        ];
        const ofNamed: [Edit, Edit][] = [
          [
            { do: "rename", name, to: "no-name-of-the-config" },
            {
              do: "rename",
              name: name.startsWith("@") ? "@no-name-of-the-config" : "no-name-of-the-config",
              to: name,
            },
          ],
        ];
        const ofFlows: [Edit, Edit][] = [
          [
            { do: "switch", name, on: "skipped" in item && item.skipped },
            { do: "switch", name, on: "skipped" in item && !item.skipped },
          ],
          [
            { do: "change", name, item: { ...flow, name } },
            { do: "change", name, item },
          ],
          [
            { do: "add-rule", flow: name, rule },
            { do: "remove-rule", flow: name, number: last },
          ],
        ];
        if (item.kind !== "expect") pairs.push(...ofNamed);
        if (last > 0) pairs.push(...ofFlows);
        for (const [there, back] of pairs) {
          const once = edit(config, there);
          if ("error" in once) {
            expect(once.error.code).toBe("no-policy");
            continue;
          }
          expect(edited(once.config, back)).toEqual(config);
        }
      }),
    );
  });

  it.each([
    [{ do: "switch", name: "mail", on: false }, "switch mail off"],
    [{ do: "move", name: "ssh", before: "dns" }, "move ssh before dns"],
    [{ do: "move", name: "ssh" }, "move ssh to the end"],
    [{ do: "add", item: D, after: "a" }, "add d after a"],
    [{ do: "add", item: D }, "add d"],
    [{ do: "rename", name: "a", to: "b" }, "rename a to b"],
    [{ do: "rename", name: "@a", to: "b" }, "rename @a to @b"],
    [{ do: "rename", name: "@a", to: "@b" }, "rename @a to @b"],
    [{ do: "add", item: { kind: "list", name: "office", values: ["10.0.0.1"] } }, "add @office"],
    [{ do: "change", name: "@office", item: { kind: "list", name: "office" } }, "change @office"],
    [{ do: "remove", name: "@office" }, "remove @office"],
    [{ do: "switch-rule", flow: "a", number: 2, on: true }, "switch rule 2 of a on"],
    [{ do: "move-rule", flow: "a", number: 2, position: 1 }, "move rule 2 of a to 1"],
  ])("%j is called %s", (one, words) => {
    expect(describeEdit(editSchema.parse(one))).toBe(words);
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Config, changes, type Edit, edit, keyOf, longestIncreasing, parse } from "../src/index.ts";
import { arbitraryConfig, manyFlows } from "../src/testing.ts";

const read = (text: string) => parse(text).config;
const ABC = "flow a permit match proto tcp\nflow b deny match\nflow c director d match dst 10.0.0.1\n";
const LISTS = `list office { 10.0.0.1 } list all { @office, 10.0.0.2 }
flow f permit match src @office dst { 10.0.0.3, @all } list spare { 22 } flow g deny match`;

describe("changes", () => {
  it.each([
    [ABC, "No change", []],
    [`${ABC}flow d permit match`, "1 flow added; nothing else changes", ["d added"]],
    [
      "flow a permit match proto tcp flow b deny match",
      "1 flow removed; nothing else changes",
      ["c removed"],
    ],
    [ABC.replace("tcp", "udp"), "1 flow changed; nothing else changes", ["a changed"]],
    [ABC.replace("match", "off match"), "1 flow changed; nothing else changes", ["a changed"]],
    [ABC.replace("b deny", "b skip deny"), "1 flow switched off; nothing else changes", ["b switched-off"]],
    [ABC.replace("flow a", "flow x"), "1 flow renamed; nothing else changes", ["x changed was a"]],
    [
      ABC.replace("flow b deny", "flow x skip deny"),
      "1 flow renamed, 1 switched off; nothing else changes",
      ["x switched-off", "x changed was b"],
    ],
    [
      ABC.replace("flow a permit", "flow x permit # ours\n"),
      "1 flow renamed, 1 commented; nothing else changes",
      ["x commented", "x changed was a"],
    ],
    [
      ABC.replace("match proto", "match # all\nproto"),
      "1 flow commented; nothing else changes",
      ["a commented"],
    ],
    [`${ABC}# the end`, "Only comments change", []],
    [ABC.replace("10.0.0.1", "10.0.0.1/32"), "No change", []],
    [
      `flow c director d match dst 10.0.0.1\n${ABC.split("\n").slice(0, 2).join("\n")}`,
      "1 flow moved; nothing else changes",
      ["c moved"],
    ],
    [
      `flow new permit match ${ABC.replace("b deny", "b skip deny")}`,
      "1 flow added, 1 switched off; nothing else changes",
      ["new added", "b switched-off"],
    ],
    [
      "flow c director e match dst 10.0.0.1 flow a permit match proto tcp flow b deny match",
      "1 flow changed, 1 moved; nothing else changes",
      ["c moved", "c changed"],
    ],
    ["", "3 flows removed; nothing else changes", ["a removed", "b removed", "c removed"]],
  ])("to %j: %s", (text, headline, list) => {
    const found = changes(read(ABC), read(text));
    expect(found.headline).toBe(headline);
    expect(
      found.changes.map(({ name, change, was }) => `${name} ${change}${was ? ` was ${was}` : ""}`),
    ).toEqual(list);
  });

  it.each([
    [LISTS.replace("10.0.0.2", "10.0.0.9"), "1 list changed; nothing else changes", ["@all changed"]],
    [LISTS.replace("list spare { 22 }", ""), "1 list removed; nothing else changes", ["@spare removed"]],
    [`${LISTS} list a { 1 } list b { 2 }`, "2 lists added; nothing else changes", ["@a added", "@b added"]],
    [
      LISTS.replaceAll("office", "house"),
      "1 list renamed; nothing else changes",
      ["@house changed was @office"],
    ],
    [
      LISTS.replaceAll("office", "house").replace("permit", "deny"),
      "1 flow changed, 1 list renamed; nothing else changes",
      ["@house changed was @office", "f changed"],
    ],
    [LISTS.replace("src @office", "src @all"), "1 flow changed; nothing else changes", ["f changed"]],
    [LISTS.replace("{ 22 }", "{ 22 } # n\n"), "1 list commented; nothing else changes", ["@spare commented"]],
    [LISTS.replace("10.0.0.1 }", "10.0.0.1/32 }"), "No change", []],
    [
      `list spare { 22 } ${LISTS.replace("list spare { 22 }", "")}`,
      "1 list moved; nothing else changes",
      ["@spare moved"],
    ],
    [
      `list spare { 23 } flow new deny match ${LISTS.replace("list spare { 22 }", "").replace("flow f", "flow f skip")}`,
      "1 flow added, 1 switched off, 1 list changed, 1 moved; nothing else changes",
      ["@spare moved", "@spare changed", "new added", "f switched-off"],
    ],
  ])("of lists, to %j: %s", (text, headline, list) => {
    const found = changes(read(LISTS), read(text));
    expect(found.headline).toBe(headline);
    expect(
      found.changes.map(({ name, change, was }) => `${name} ${change}${was ? ` was ${was}` : ""}`),
    ).toEqual(list);
  });

  it("writes a number of thousands as one reads it", () => {
    const flows = Array.from({ length: 1200 }, (_, at) => `flow f${at} deny match`).join("\n");
    expect(changes(read(""), read(flows)).headline).toBe("1,200 flows added; nothing else changes");
  });

  it("finds none between a config and its copy", () => {
    fc.assert(
      fc.property(arbitraryConfig(), (config) => {
        const none = { changes: [], headline: "No change" };
        expect(changes(config, config)).toEqual(none);
        expect(changes(config, structuredClone(config))).toEqual(none);
      }),
    );
  });

  it("tells of a list whose values mean something else, wherever in it that is", () => {
    const port = fc.constantFrom("22", "22:22", "53", "53:54", "@more");
    const values = fc.array(port, { maxLength: 5 });
    const config = (values: string[]): Config => ({
      items: [{ kind: "list", name: "ports", values, comment: [], note: "" }],
      comment: [],
    });
    const meaning = (values: string[]) => values.map((value) => (value === "22:22" ? "22" : value)).join();
    fc.assert(
      fc.property(values, values, (before, after) => {
        const found = changes(config(before), config(after)).changes.map(({ change }) => change);
        expect(found).toEqual(meaning(before) === meaning(after) ? [] : ["changed"]);
      }),
    );
  });

  it("names the one flow that was moved, whatever its way", () => {
    const count = 9;
    const config = manyFlows(count);
    for (let from = 0; from < count; from++) {
      for (let to = 0; to < count; to++) {
        const item = config.items[from];
        const name = item?.kind === "flow" ? item.name : "";
        const move: Edit = { do: "move", name, position: to + 1 };
        const after = edit(config, move);
        if ("error" in after) throw new Error(after.error.message);
        const { changes: found } = changes(config, after.config);
        const isNeighbour = Math.abs(from - to) === 1;
        expect(found).toHaveLength(from === to ? 0 : 1);
        // Two neighbours that change places: either may be the one that moved.
        if (from !== to && !isNeighbour) expect(found).toEqual([{ name, change: "moved" }]);
      }
    }
  });

  it("accounts for every flow that came or went", () => {
    fc.assert(
      fc.property(arbitraryConfig(), arbitraryConfig(), (before, after) => {
        const { changes: found } = changes(before, after);
        const names = (config: Config) => config.items.map((item) => keyOf(item) ?? "");
        const [old, current] = [names(before), names(after)];
        const appeared = found.filter(({ change, was }) => change === "added" || was !== undefined);
        expect(appeared.map(({ name }) => name)).toEqual(current.filter((name) => !old.includes(name)));
        const gone = found.flatMap(({ name, change, was }) => (change === "removed" ? [name] : (was ?? [])));
        expect(gone.toSorted()).toEqual(old.filter((name) => !current.includes(name)).toSorted());
      }),
    );
  });

  it("finds a longest run that kept its order: as long as a slow search finds", () => {
    const numbers = fc.uniqueArray(fc.nat(20), { maxLength: 9 });
    fc.assert(
      fc.property(numbers, (list) => {
        const run = longestIncreasing(list).map((position) => list[position] ?? 0);
        expect(run).toEqual(run.toSorted((a, b) => a - b));
        const lengths: number[] = [];
        for (const [index, number] of list.entries()) {
          const before = list.slice(0, index).map((other, at) => (other < number ? (lengths[at] ?? 0) : 0));
          lengths.push(Math.max(0, ...before) + 1);
        }
        expect(run).toHaveLength(Math.max(0, ...lengths));
      }),
    );
  });
});

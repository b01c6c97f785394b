import { type Config, changes, check, editAll, parse } from "@flowmgr/flow-model";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Step } from "../../src/api/index.ts";
import { difference, isEmpty, patched } from "../../src/api/patch.ts";
import { itemChanges } from "../../src/changes/flow-changes.ts";
import { stepsSince } from "../../src/changes/since.ts";
import { addressOfItem } from "../../src/ui/item-address.ts";

const config = (text: string): Config => parse(text).config;
const wordsOf = (before: string, after: string) =>
  itemChanges(config(before), config(after), changes(config(before), config(after)).changes).map(
    ({ name, words }) => `${name}: ${words.join(", ")}`,
  );

const MAIL = "flow mail permit\n  match dst 10.0.0.1\n  match dst 10.0.0.2\n  match dst 10.0.0.3\n";

test.each([
  ["a rule", MAIL.replace("10.0.0.2", "10.0.0.9"), "mail: rule 2 changed"],
  ["a new rule", `${MAIL}  match dst 10.0.0.4\n`, "mail: rule 4 added"],
  ["a rule less", MAIL.replace("  match dst 10.0.0.1\n", ""), "mail: rule 1 removed"],
  ["a rule off", MAIL.replace("match dst 10.0.0.3", "off match dst 10.0.0.3"), "mail: rule 3 switched off"],
  [
    "a rule moved",
    "flow mail permit\n  match dst 10.0.0.2\n  match dst 10.0.0.3\n  match dst 10.0.0.1\n",
    "mail: rule 1 moved to 3",
  ],
  ["a policy", MAIL.replace("permit", "deny"), "mail: policy deny, was permit"],
  ["a switch", MAIL.replace("permit", "skip permit"), "mail: switched off"],
  ["a comment", `# all of it\n${MAIL}`, "mail: comments changed"],
  ["a name", MAIL.replace("mail", "post"), "post: was called mail"],
  ["a flow less", "", "mail: removed"],
])("%s is named in words", (_what, after, words) => {
  expect(wordsOf(MAIL, after)).toEqual([words]);
});

test("expectations are told by what they say, and can be put back", () => {
  const before = "list a { 10.0.0.1 }\nflow b permit\nexpect deny src @a # one\nexpect undecided\n";
  const after = "list a { 10.0.0.1 }\nexpect deny src @a # two\nflow b permit\nexpect permit dstport 22\n";
  const [running, draft] = [config(before), config(after)];
  const found = itemChanges(running, draft, changes(running, draft).changes);
  expect(found.map(({ name, words }) => `${name}: ${words.join(", ")}`)).toEqual([
    "expect deny src @a: moved, comments changed",
    "expect permit dstport 22: added",
    "expect undecided: removed",
  ]);
  const back = editAll(
    draft,
    found.flatMap(({ putBack }) => putBack),
  );
  expect("config" in back && back.config).toEqual(running);
  const named = found.map(({ name }) => new URL(addressOfItem(name), "http://page").searchParams.get("at"));
  expect(named).toEqual(found.map(({ name }) => name));
});

test("one that reads otherwise since its list was renamed is no new one", () => {
  const before = "list a { 10.0.0.1 }\nexpect deny src @a # one\n";
  const after = "list b { 10.0.0.1 }\nexpect deny src @b # two\n";
  const [running, draft] = [config(before), config(after)];
  const found = itemChanges(running, draft, changes(running, draft).changes);
  expect(found).toMatchObject([
    { name: "@b", words: ["was called @a"], isNew: false },
    { name: "expect deny src @b", words: ["comments changed"], isNew: false },
  ]);
  expect(changes(running, draft).headline).toBe(
    "1 list renamed, 1 expectation commented; nothing else changes",
  );
});

const configs: fc.Arbitrary<Config> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(..."abcdef"), fc.constantFrom("permit", "deny", "skip")), {
    selector: ([name]) => name,
  })
  .map((flows) =>
    config(
      flows
        .map(([name, policy]) => `flow ${name} ${policy}\n  match dst 10.0.0.${name.charCodeAt(0)}\n`)
        .join("\n"),
    ),
  );

test("putting one back leaves it as it runs, and the others as they are", () => {
  fc.assert(
    fc.property(configs, configs, (running, draft) => {
      for (const { name, putBack } of itemChanges(running, draft, changes(running, draft).changes)) {
        const result = editAll(draft, putBack);
        if ("error" in result) throw new Error(result.error.message);
        const named = ({ items }: Config, wanted: (one: string) => boolean) =>
          items.filter((item) => "name" in item && wanted(item.name));
        const isIt = (one: string) => one === name;
        expect(named(result.config, isIt)).toEqual(named(running, isIt));
        expect(named(result.config, (one) => one !== name)).toEqual(named(draft, (one) => one !== name));
      }
    }),
  );
});

test("putting all back, one after the other, ends in what runs", () => {
  fc.assert(
    fc.property(configs, configs, (running, draft) => {
      let now = draft;
      for (let left = 20; left > 0; left -= 1) {
        const [first] = itemChanges(running, now, changes(running, now).changes);
        if (!first) break;
        const result = editAll(now, first.putBack);
        if ("error" in result) throw new Error(result.error.message);
        now = result.config;
      }
      expect(now).toEqual(running);
    }),
  );
});

test("the steps since running are those behind the point where both were the same", () => {
  const running = config("flow a permit\n  match\n");
  const path = ["", "flow a permit\n  match\n", "flow a deny\n  match\n", "flow b deny\n  match\n"].map(
    config,
  );
  const steps = path.slice(1).map((after, index): Step => {
    const patch = difference(path[index] ?? running, after);
    return { label: `step ${index}`, by: null, at: "2026-01-01T00:00:00Z", patch };
  });
  const last = path.at(-1) ?? running;
  expect(stepsSince(steps, last, running).map(({ label }) => label)).toEqual(["step 2", "step 1"]);
  expect(stepsSince(steps, running, running)).toEqual([]);
  expect(steps.every(({ patch }) => !isEmpty(patch))).toBe(true);
  expect(patched(running, steps[1]?.patch ?? difference(running, running)).config).toEqual(path[2]);
});

const LISTED = "list office { 10.0.0.1, 10.0.0.2 }\n\nflow mail permit\n  match src @office\n";
const SPELT = "flow mail permit\n  match src { 10.0.0.1, 10.0.0.2 }\n";

test.each([
  ["a new list goes, its values stay where its name stood", SPELT, LISTED, "@office", SPELT],
  ["a flow comes back with the list that it names", LISTED, SPELT, "mail", LISTED],
])("%s", (_what, running, draft, name, expected) => {
  const [before, after] = [config(running), config(draft)];
  const item = itemChanges(before, after, changes(before, after).changes).find((one) => one.name === name);
  const result = editAll(after, item?.putBack ?? []);
  if ("error" in result) throw new Error(result.error.message);
  expect(check(result.config)).toEqual([]);
  expect(result.config).toEqual(config(expected));
});

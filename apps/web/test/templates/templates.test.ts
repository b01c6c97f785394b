import { type Config, check, checkText, EMPTY_CONFIG, editAll, flowsOf, print } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { ALL_TEMPLATES, defaultsOf, editsOf, problemsOf, textOf } from "../../src/templates/fill.ts";
import type { Template } from "../../src/templates/templates.ts";

const template = (id: string): Template => {
  const found = ALL_TEMPLATES.find((one) => one.id === id);
  if (!found) throw new Error(`no template ${id}`);
  return found;
};

function inserted(id: string, into: Config, filled = {}): Config {
  const one = template(id);
  const { edits } = editsOf(one, { ...defaultsOf(one), ...filled }, into);
  const result = editAll(into, edits);
  if ("error" in result) throw new Error(result.error.message);
  return result.config;
}

const names = (config: Config) => flowsOf(config).map(({ name }) => name);

test.each(ALL_TEMPLATES.map((one) => [one.id, one] as const))(
  "%s is right, canonical and insertable",
  (id, one) => {
    const text = textOf(one, defaultsOf(one));
    const { config, diagnostics } = checkText(text);
    expect(diagnostics).toEqual([]);
    expect(print(config)).toBe(text);
    expect(problemsOf(one, defaultsOf(one), EMPTY_CONFIG)).toEqual({});
    expect(check(inserted(id, EMPTY_CONFIG))).toEqual([]);
    // A second time, all names are taken.
    expect(
      check(inserted(id, inserted(id, EMPTY_CONFIG))).filter(({ severity }) => severity === "error"),
    ).toEqual([]);
  },
);

test("ids are unique", () => {
  expect(new Set(ALL_TEMPLATES.map(({ id }) => id)).size).toBe(ALL_TEMPLATES.length);
});

test("a new flow goes before the one that takes all the rest", () => {
  const examples = inserted("examples", EMPTY_CONFIG);
  expect(names(inserted("web", examples))).toEqual(["ssh", "dns", "ping", "mail", "web", "alltherest"]);
  expect(names(inserted("block-rest", examples))[0]).toBe("established");
  expect(
    names(inserted("block-rest", examples)).filter((name) => name.startsWith("alltherest")),
  ).toHaveLength(1);
  expect(names(inserted("dns", examples))).toContain("dns-2");
});

test("a blank says what is wrong with it, and only with it", () => {
  const filled = { ...defaultsOf(template("mail-director")), host: "10.0.0.300" };
  const problems = problemsOf(template("mail-director"), filled, EMPTY_CONFIG);
  expect(Object.keys(problems)).toEqual(["host"]);
  expect(problems.host).toContain("10.0.0.300");
  expect(Object.keys(problemsOf(template("web"), { host: "" }, EMPTY_CONFIG))).toEqual(["host"]);
});

test("several addresses get braces, a list of the draft is known, an unknown one is not", () => {
  expect(textOf(template("web"), { host: "10.0.0.1, 10.0.0.2" })).toContain(
    "dst { 10.0.0.1, 10.0.0.2 } dstport",
  );
  const draft = checkText("list office { 10.0.0.0/8 }\n").config;
  expect(problemsOf(template("web"), { host: "@office" }, draft)).toEqual({});
  expect(problemsOf(template("web"), { host: "@office" }, EMPTY_CONFIG).host).toContain("office");
});

test("a list that is there already is used as it is", () => {
  const draft = checkText("list admins { 10.0.0.0/8 }\n").config;
  const after = inserted("ssh", draft);
  expect(after.items.filter(({ kind }) => kind === "list")).toEqual(draft.items);
  expect(print(after)).toContain("src @admins");
});

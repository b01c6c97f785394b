import { check, edit, editAll, expandLists, listsOf, parse, print, usesOf } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { checkItem, listsBehind } from "../../src/api/check-item.ts";
import { dissolve } from "../../src/api/dissolve.ts";
import { found, placeInFlow, rowsOf, usedIn } from "../../src/lists/rows.ts";

const TEXT = `# where people sit
list office { 10.0.0.0/8, @branch } # all floors

list branch { 192.0.2.0/24 }

list mail { 25, 110 }

flow web permit
  match proto tcp src { @office, 10.0.0.0/8 } dst @branch dstport @mail
  ignore not src @office

flow rest deny
  match src @branch
`;
const { config } = parse(TEXT);

test("rows say what a list holds and where it is used", () => {
  const rows = rowsOf(config, []);
  expect(rows.map(({ list, kind, uses }) => [list.name, kind, usedIn(uses)])).toEqual([
    ["office", "addresses", "2 rules in 1 flow"],
    ["branch", "addresses", "2 rules in 2 flows, 1 list"],
    ["mail", "ports", "1 rule in 1 flow"],
  ]);
  expect(usedIn([])).toBe("nowhere");
  const inFlow = usesOf(config)
    .get("mail")
    ?.flatMap((use) => ("flow" in use ? placeInFlow(use) : []));
  expect(inFlow).toEqual(["rule 1, port"]);
});

test("a row shows an error before a warning", () => {
  const at = (code: string, severity: "error" | "warning") => ({
    code,
    severity,
    message: code,
    path: "/items/1/values/0",
  });
  const rows = rowsOf(config, [at("w", "warning"), at("e", "error")]);
  expect(rows.map(({ diagnostic }) => diagnostic?.code ?? null)).toEqual([null, "e", null]);
});

test.each([
  ["192.0.2", ["branch"]],
  ["floors", ["office"]],
  ["@mail", ["mail"]],
  ["@BRANCH 10.0", ["office"]],
  ["", ["office", "branch", "mail"]],
  ["nowhere", []],
])("the search for %j finds %j", (query, names) => {
  expect(found(rowsOf(config, []), query).map(({ list }) => list.name)).toEqual(names);
});

test("a list that is taken away leaves its values where it was named, and no rule means anything else", () => {
  const office = listsOf(config)[0];
  if (!office) throw new Error("no list");
  const result = editAll(config, dissolve(config, office));
  if ("error" in result) throw new Error(result.error.message);
  expect(print(result.config)).toContain(
    "match proto tcp src { 10.0.0.0/8, @branch } dst @branch dstport @mail\n  ignore not src { 10.0.0.0/8, @branch }",
  );
  expect(expandLists(result.config).items.slice(2)).toEqual(expandLists(config).items.slice(3));
  expect(check(result.config).filter(({ severity }) => severity === "error")).toEqual([]);
});

test("an item is checked among the lists that it names, each once", () => {
  const web = config.items[3];
  const rest = config.items[4];
  if (!web || !rest) throw new Error("no flows");
  expect(listsBehind(web, config).map(({ name }) => name)).toEqual(["office", "branch", "mail"]);
  expect(listsBehind(rest, config).map(({ name }) => name)).toEqual(["branch"]);
  expect(checkItem(rest, config).filter(({ severity }) => severity === "error")).toEqual([]);
  const unknown = parse("flow x permit\n  match src @nobody\n").config.items[0];
  if (!unknown) throw new Error("no flow");
  expect(checkItem(unknown, config).map(({ code, path }) => [code, path])).toEqual([
    ["unknown-list", "/rules/0/conditions/src/values/0"],
  ]);
});

test("a rename is followed by every reference", () => {
  const renamed = edit(config, { do: "rename", name: "@branch", to: "site" });
  if ("error" in renamed) throw new Error(renamed.error.message);
  expect(print(renamed.config)).toBe(TEXT.replaceAll("branch", "site"));
});

test("an expectation that names a list counts as use, and says the same when the list goes", () => {
  const { config } = parse(
    "list a { 10.0.0.1 }\nexpect deny src @a\nexpect permit src @a dst @a\nexpect permit src 10.0.0.1 dst 10.0.0.1\n",
  );
  const [row] = rowsOf(config, []);
  if (!row) throw new Error("no list");
  expect(usedIn(row.uses)).toBe("2 expectations");
  const result = editAll(config, dissolve(config, row.list));
  if ("error" in result) throw new Error(result.error.message);
  // What then stands twice, stands once.
  expect(print(result.config)).toBe("expect deny src 10.0.0.1\n\nexpect permit src 10.0.0.1 dst 10.0.0.1\n");
});

import { type Config, checkText, type Edit, editAll, parse, print } from "@flowmgr/flow-model";
import { importText, NO_FLOW } from "@flowmgr/flow-model/exchange";
import { expect, test } from "vitest";
import { beginningOf, writtenAs } from "../../src/exchange/forms.ts";
import { insertionOf } from "../../src/exchange/insert.ts";
import { groupsOf, isSerious, placeOf } from "../../src/exchange/left-out.ts";

const config = (text: string) => parse(text).config;

function after(draft: Config, edits: Edit[]): string {
  const edited = editAll(draft, edits);
  if ("error" in edited) throw new Error(edited.error.message);
  expect(checkText(print(edited.config)).diagnostics).toEqual([]);
  return print(edited.config).replace(/\n+/g, "\n");
}

test("imported flows go behind the selected one, in their order", () => {
  const draft = config("flow a permit\n  match\nflow b deny\n  match\n");
  const { edits, names, renamed } = insertionOf(config("flow x permit\nflow y permit\n"), draft, "a");
  expect([names, renamed]).toEqual([["x", "y"], []]);
  expect(after(draft, edits).match(/flow \w+/g)).toEqual(["flow a", "flow x", "flow y", "flow b"]);
});

test("names are made free, those of lists where they are named too", () => {
  const draft = config("flow a permit\nlist net { 10.0.0.0/8 }\nlist ports { 22 }\n");
  const imported = config(
    "flow a permit\n  match src @net dstport @ports\nflow a-2 permit\nlist net { 10.0.0.1 }\nlist ports { 22 }\n",
  );
  const { edits, names, renamed } = insertionOf(imported, draft, null);
  expect(names).toEqual(["a-3", "a-2"]);
  expect(renamed).toEqual(["a-3 for a", "net-2 for net"]);
  const text = after(draft, edits);
  expect(text).toContain("match src @net-2 dstport @ports");
  expect(text).toContain("list net-2 { 10.0.0.1 }");
  expect(text.match(/list ports/g)).toHaveLength(1);
});

test("an expectation that the draft has need not come again, and follows its list's new name", () => {
  const draft = config("list net { 10.0.0.0/8 }\nexpect deny dstport 22\n");
  const imported = config("list net { 10.0.0.1 }\nexpect deny dstport 22 # again\nexpect deny src @net\n");
  const { edits } = insertionOf(imported, draft, null);
  expect(after(draft, edits)).toBe(
    "list net { 10.0.0.0/8 }\nexpect deny dstport 22\nlist net-2 { 10.0.0.1 }\nexpect deny src @net-2\n",
  );
});

test("lines with one reason are told together, and prose apart from mistakes", () => {
  const { leftOut } = importText("In\nprose\nflow x deny match dport 1\nmore", "page");
  const groups = groupsOf(leftOut);
  expect(groups.map((group) => [placeOf(group), isSerious(group)])).toEqual([
    ["lines 1 to 2", false],
    ["line 3", true],
    ["line 4", false],
  ]);
  expect(groups[0]?.reason).toBe(NO_FLOW);
});

test("the draft in each form, or what that form cannot say", () => {
  const draft = config("flow a permit\n  match proto { tcp, udp } dstport 53\n");
  expect(writtenAs("text", draft)).toEqual({ text: print(draft) });
  expect(writtenAs("page", draft)).toEqual({
    text: "flow a permit\n  match proto tcp dstport 53\n  match proto udp dstport 53\n",
  });
  const json = writtenAs("json", draft);
  expect("text" in json && JSON.parse(json.text)).toEqual(draft);
  expect(writtenAs("page", config("flow a permit\n  match state new\n"))).toMatchObject({
    problems: [{ flow: "a", rule: 1 }],
  });
});

test("of a long text the beginning is shown", () => {
  expect(beginningOf("a\nb\n")).toEqual({ shown: "a\nb\n", more: 0 });
  const { shown, more } = beginningOf("x\n".repeat(5000));
  expect([shown.split("\n").length, more]).toEqual([1000, 4001]);
});

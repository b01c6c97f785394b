import { type Edit, editAll, parse, print } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { editText } from "../../src/text/edit-text.ts";

const TYPED = `# what this is for

# mail of the house
flow   mail director maildirect # ours
    # smtp
    match   dst 192.168.0.2 proto tcp dstport 25   # in

    match dst 192.168.0.2 proto tcp dstport { 110,143 }
flow web permit match dst 192.168.0.3  match dst 192.168.0.4 # both
list office { 10.0.0.0/8
  192.168.7.0/24 }
flow alltherest deny match
# the end
`;

function check(text: string, edits: Edit[]): string {
  const made = editText(text, edits) ?? "";
  const wanted = editAll(parse(text).config, edits);
  expect(parse(made).diagnostics).toEqual([]);
  expect(print(parse(made).config)).toBe("config" in wanted ? print(wanted.config) : null);
  return made;
}

describe("edits in the text that somebody typed", () => {
  test("a rule goes with its comments; all else stays as typed", () => {
    expect(check(TYPED, [{ do: "remove-rule", flow: "mail", number: 1 }])).toBe(
      TYPED.replace("    # smtp\n    match   dst 192.168.0.2 proto tcp dstport 25   # in\n", ""),
    );
  });

  test("a flow goes with its comments", () => {
    expect(check(TYPED, [{ do: "remove", name: "alltherest" }])).toBe(
      TYPED.replace("flow alltherest deny match\n", ""),
    );
    const made = check(TYPED, [{ do: "remove", name: "mail" }]);
    expect(made.startsWith("flow web permit match dst 192.168.0.3  match dst 192.168.0.4 # both\n")).toBe(
      true,
    );
  });

  test("a flow is moved as it was typed, to the first place too", () => {
    const made = check(TYPED, [{ do: "move", name: "alltherest", before: "mail" }]);
    expect(made.startsWith("flow alltherest deny match\n")).toBe(true);
    expect(made).toContain("    match   dst 192.168.0.2 proto tcp dstport 25   # in\n\n    match dst");
  });

  test("rules on one line, and a comment at its end", () => {
    const made = check(TYPED, [{ do: "move-rule", flow: "web", number: 2, position: 1 }]);
    expect(made).toContain("flow web permit  match dst 192.168.0.4 # both\n match dst 192.168.0.3\n");
    check(TYPED, [{ do: "remove-rule", flow: "web", number: 1 }]);
  });

  test("what the pieces cannot say is printed: a switch, a new flow", () => {
    check(TYPED, [{ do: "switch", name: "web", on: false }]);
    const item = parse("flow new deny\n  match dst 10.0.0.1\n").config.items[0];
    if (item) check(TYPED, [{ do: "add", item, before: "alltherest" }]);
    check("", item ? [{ do: "add", item }] : []);
  });

  test("an edit that cannot be made makes none", () => {
    expect(editText(TYPED, [{ do: "remove", name: "nobody" }])).toBeNull();
  });
});

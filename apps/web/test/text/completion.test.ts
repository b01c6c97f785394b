import { CompletionContext } from "@codemirror/autocomplete";
import { EditorState } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { completeFlowText } from "../../src/text/completion.ts";

const values: { [kind: string]: string[] } = {
  iface: ["eth0", "eth1"],
  src: ["@office"],
  icmptype: ["echo-request"],
};
const offer = (names: string[] = []) => names.map((value) => ({ value }));
const known = {
  directors: () => offer(["maildirect"]),
  tables: () => offer(["main"]),
  values: (kind: string, protocols: readonly string[]) =>
    offer(kind === "icmptype" && protocols.includes("icmp6") ? ["router-advertisement"] : values[kind]),
  listValues: () => offer(["@office"]),
};

/** What is offered at the end of `text` when one asks for it. */
function offered(text: string, explicit = true): string[] | null {
  const state = EditorState.create({ doc: text });
  const result = completeFlowText(known)(new CompletionContext(state, text.length, explicit));
  return result ? result.options.map(({ label }) => label) : null;
}

describe("completion", () => {
  test.each([
    ["", ["flow", "outflow", "list", "expect"]],
    ["expect ", ["permit", "deny", "director", "table", "undecided", "flow", "outflow"]],
    [
      "flow a permit\n  match\nexpect ",
      ["permit", "deny", "director", "table", "undecided", "flow", "outflow"],
    ],
    ["expect flow ", ["permit", "deny", "director", "table", "undecided"]],
    ["expect flow director ", ["maildirect"]],
    ["expect deny not src { ", ["@office"]],
    ["expect table main proto icmp6 icmptype ", ["router-advertisement"]],
    ["flow ssh permit match src { 10.0.0.1, ", ["@office"]],
    ["flow ping permit match icmptype ", ["echo-request"]],
    ["flow nd permit match icmptype 1 match proto { tcp, icmp6 } icmptype { ", ["router-advertisement"]],
    ["list all { 10.0.0.1, @", ["@office"]],
    ["flow ssh permit\n  match proto tcp\nflow mail director ", ["maildirect"]],
    ["flow ssh permit match iface e", ["eth0", "eth1"]],
    ["flow voip table ", ["main"]],
    ["flow ssh permit off ", ["match", "ignore"]],
  ])("at the end of %j", (text, labels) => {
    expect(offered(text)).toEqual(labels);
  });

  test("conditions and the next rule behind a rule", () => {
    const labels = offered("flow ssh permit match proto tcp ");
    expect(labels).toEqual(expect.arrayContaining(["dst", "not", "match", "flow"]));
    expect(labels).not.toContain("permit");
  });

  test("conditions and the next item behind an expectation, and no rule", () => {
    for (const text of [
      "expect deny ",
      "expect director web ",
      "expect deny src { 10.0.0.1 } ",
      "expect deny iface lo ",
    ]) {
      const labels = offered(text);
      expect(labels).toEqual(expect.arrayContaining(["dst", "not", "flow", "expect"]));
      expect(labels).not.toContain("match");
      expect(labels).not.toContain("permit");
    }
    expect(offered("expect deny dstport 22\nflow a permit ")).toContain("match");
  });

  test("nothing for a name, in a comment, or unasked behind a space", () => {
    expect(offered("flow ")).toBeNull();
    expect(offered("flow a permit # mat")).toBeNull();
    expect(offered("flow a permit ", false)).toBeNull();
    expect(offered("flow a permit m", false)).toContain("match");
  });

  test("nothing behind a word that is whole, so that Enter begins a line", () => {
    expect(offered("flow a permi", false)).toContain("permit");
    expect(offered("flow a permit", false)).toBeNull();
    expect(offered("flow a permit match iface eth0", false)).toBeNull();
  });
});

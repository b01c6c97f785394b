import { editAll, flowsOf, parse, print } from "@flowmgr/flow-model";
import { describe, expect, test } from "vitest";
import { type FieldChange, preview, readValues } from "../../src/flows/bulk-change.ts";

const TEXT = `flow mail director maildirect
  match proto tcp dst 192.168.0.2 dstport 25
  match proto tcp dst 192.168.0.2 dstport 110

flow web director web
  match proto 6 dst 192.168.0.2/32 dstport 80:80
  match proto tcp src 192.168.0.2 dstport 443

flow ping permit
  match proto icmp icmptype 8

flow alltherest deny
  match
`;

function changed(change: FieldChange, names?: string[]) {
  const { config } = parse(TEXT);
  const flows = flowsOf(config).filter(({ name }) => !names || names.includes(name));
  const shown = preview(config, flows, change);
  const result = editAll(config, shown.edits);
  if ("error" in result) throw new Error(result.error.message);
  return { ...shown, text: print(result.config) };
}

const only = (...values: string[]) => ({ not: false, values });

describe("replacing a value", () => {
  test("changes every place that means it, however it is written, and nothing else", () => {
    const { flows, rules, problem, text } = changed({
      do: "replace",
      in: "address",
      from: "192.168.0.2",
      to: "192.168.0.9",
    });
    expect({ flows, rules, problem }).toEqual({ flows: 2, rules: 4, problem: null });
    expect(text).toBe(
      print(
        parse(TEXT.replaceAll("192.168.0.2/32", "192.168.0.2").replaceAll("192.168.0.2", "192.168.0.9"))
          .config,
      ),
    );
  });

  test("looks only where it is told to", () => {
    expect(changed({ do: "replace", in: "dst", from: "192.168.0.2", to: "192.168.0.9" })).toMatchObject({
      flows: 2,
      rules: 3,
    });
    expect(changed({ do: "replace", in: "port", from: "80", to: "8080" })).toMatchObject({
      flows: 1,
      rules: 1,
    });
    expect(changed({ do: "replace", in: "proto", from: "tcp", to: "udp" }, ["web"])).toMatchObject({
      rules: 2,
    });
    expect(changed({ do: "replace", in: "address", from: "10.0.0.1", to: "10.0.0.2" })).toMatchObject({
      flows: 0,
    });
  });

  test("keeps the rest of a list, and no value twice", () => {
    const { config } = parse("flow a permit\n  match proto tcp\n");
    const [flow] = flowsOf(config);
    if (!flow?.rules[0]) throw new Error("no rule");
    const listed = {
      ...flow,
      rules: [{ ...flow.rules[0], conditions: { dstport: only("25", "110", "143") } }],
    };
    const { edits } = preview(config, [listed], { do: "replace", in: "port", from: "25", to: "110" });
    expect(edits).toMatchObject([{ item: { rules: [{ conditions: { dstport: only("110", "143") } }] } }]);
  });
});

describe("setting a condition", () => {
  test("in the rules that have it", () => {
    const { flows, rules, text } = changed({
      do: "set",
      kind: "dstport",
      condition: only("25"),
      everywhere: false,
    });
    // One says so already.
    expect({ flows, rules }).toEqual({ flows: 2, rules: 3 });
    expect(text.match(/dstport 25/g)).toHaveLength(4);
  });

  test("in all rules, and what was there before the new one stays", () => {
    const { rules, text } = changed({ do: "set", kind: "iface", condition: only("eth0"), everywhere: true });
    expect(rules).toBe(6);
    expect(text).toContain("match iface eth0 proto tcp dst 192.168.0.2 dstport 25\n");
    expect(text).toContain("flow alltherest deny\n  match iface eth0\n");
  });

  test("a rule that could never hold is the reason why nothing happens", () => {
    const { problem } = changed({ do: "set", kind: "dstport", condition: only("25"), everywhere: true });
    expect(problem).toContain("ping, rule 1: ");
    expect(
      changed({ do: "set", kind: "dst", condition: only("10.0.0.300"), everywhere: false }).problem,
    ).toContain("mail, rule 1: ");
  });
});

test("removing a condition takes it out of the rules that have it", () => {
  const { flows, rules, examples } = changed({ do: "remove", kind: "dst" });
  expect({ flows, rules }).toEqual({ flows: 2, rules: 3 });
  expect(examples[0]).toEqual({
    flow: "mail",
    before: "match proto tcp dst 192.168.0.2 dstport 25",
    after: "match proto tcp dstport 25",
  });
});

test("the policy of those that have another one", () => {
  const { flows, text } = changed({ do: "policy", policy: { action: "deny" } });
  expect(flows).toBe(3);
  expect(text.match(/^flow \S+ deny$/gm)).toHaveLength(4);
  expect(changed({ do: "policy", policy: { action: "director", director: "a/b" } }).problem).toContain(
    "mail",
  );
});

test.each([
  ["10.0.0.1", only("10.0.0.1")],
  [" not 10.0.0.0/8 ", { not: true, values: ["10.0.0.0/8"] }],
  ["25, 110", only("25", "110")],
  ["not { 25 110 }", { not: true, values: ["25", "110"] }],
  ["@office", only("@office")],
  ["  ", null],
])("%j is read", (text, condition) => {
  expect(readValues(text)).toEqual(condition);
});

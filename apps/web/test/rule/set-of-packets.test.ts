import { EMPTY_CONFIG, type Packet, parse, ruleHolds, SPARE_BOTH } from "@flowmgr/flow-model";
import { arbitraryPacket } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { conditionsOf, readSet, ruleOf, textOf } from "../../src/rule/set-of-packets.ts";
import { asGiven, saidVerdict, verdictChoices, verdictOf, verdictText } from "../../src/rule/verdicts.ts";

const messages = (text: string) =>
  readSet(text, "flow", EMPTY_CONFIG).diagnostics.map(({ message }) => message);

test("a text is the conditions of one rule, and the other way round", () => {
  const text = "proto tcp not src 10.0.0.0/8 dst 192.168.0.2 dstport { 25, 110 }";
  const { conditions, diagnostics } = readSet(text, "flow", EMPTY_CONFIG);
  expect(diagnostics).toEqual([]);
  expect(textOf(conditions)).toBe(text);
  expect(textOf(readSet("", "flow", EMPTY_CONFIG).conditions)).toBe("");
});

test("what is wrong with it is said, in its structure, its values and its meaning", () => {
  expect(messages("srcc 10.0.0.1")[0]).toContain("srcc");
  expect(messages("dst 10.0.0.300")[0]).toContain("10.0.0.300");
  expect(messages("proto icmp dstport 22").length).toBe(1);
  expect(messages("dst @office")[0]).toContain("office");
  expect(messages("dst 10.0.0.1 match src 10.0.0.2")).toEqual([
    "these are the conditions of more than one rule",
  ]);
  expect(messages("dst 10.0.0.1 flow x deny match")).toEqual([
    "these are the conditions of more than one rule",
  ]);
});

test("the conditions of a packet hold for it, and not for one beside it", () => {
  fc.assert(
    fc.property(arbitraryPacket(), (packet: Packet) => {
      const rule = ruleOf(conditionsOf(packet));
      const holds = (one: Packet) => ruleHolds(rule, one, SPARE_BOTH).holds;
      expect(holds(packet)).toBe(true);
      for (const field of ["src", "dst"] as const) {
        expect(holds({ ...packet, [field]: packet[field] ^ 1n })).toBe(false);
      }
      expect(holds({ ...packet, iface: "other0" })).toBe(false);
    }),
  );
});

test("verdicts as words, and those that there are to choose from", () => {
  for (const text of ["permit", "deny", "undecided", "director web.1", "table 100", "table main"]) {
    const verdict = verdictOf(text);
    expect(verdict && verdictText(verdict)).toBe(text);
  }
  expect(verdictOf("director")).toBeNull();
  expect(verdictOf("accept")).toBeNull();
  const { config } = parse(
    "flow a director web match\nflow b table 100 match\nflow c skip director web match",
  );
  expect(verdictChoices(config, undefined, "director gone")).toEqual([
    "permit",
    "deny",
    "director web",
    "table 100",
    "director gone",
    "undecided",
  ]);
});

test("a table is said by name or number, and given by number", () => {
  const tables = [{ name: "uplink2", number: 77 }];
  expect(asGiven({ action: "table", table: "uplink2" }, { tables })).toEqual({ action: "table", table: 77 });
  expect(asGiven({ action: "table", table: "5" }, undefined)).toEqual({ action: "table", table: 5 });
  expect(asGiven({ action: "table", table: "nowhere" }, { tables })).toEqual({ action: "table" });
  expect(saidVerdict({ action: "table", table: 77 })).toEqual({ action: "table", table: "77" });
  expect(saidVerdict({ action: "director", director: "web" })).toEqual({
    action: "director",
    director: "web",
  });
});

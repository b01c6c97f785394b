/** Packets that are told as examples look like packets that somebody could see. */
import { checkText, printPacket } from "@flowmgr/flow-model";
import { expect, it } from "vitest";
import { deadRules, judgeExpectations, searchPackets } from "../../src/index.ts";

/** An example of each part of what is asked for in IPv4, who decides it first. */
function examples(text: string, conditions: string): string[] {
  const { config } = checkText(text);
  const [asked] = checkText(`expect permit ${conditions}`).config.items;
  if (asked?.kind !== "expect") throw new Error(`${conditions} is nothing to expect`);
  return searchPackets(config, { direction: "in", conditions: asked.conditions }).groups.flatMap((group) =>
    group.regions
      .filter(({ family }) => family === 4)
      .map(({ packet }) => `${group.decider.by[0]?.flow ?? "nobody"}: ${printPacket(packet)}`),
  );
}

it.each([
  // Nobody names an address: two of nobody's.
  ["flow a permit match", "proto tcp", ["a: tcp 198.51.100.7:49152 -> 203.0.113.7:80 in eth0"]],
  // A destination that is written, a source that is not.
  [
    "flow a permit match dst 192.168.0.1",
    "dst 192.168.0.1 proto tcp",
    ["a: tcp 198.51.100.7:49152 -> 192.168.0.1:80 in eth0"],
  ],
  // The same network at both ends.
  [
    "flow a permit match",
    "src 10.0.0.0/31 dst 10.0.0.0/31 proto tcp",
    ["a: tcp 10.0.0.0:49152 -> 10.0.0.1:80 in eth0"],
  ],
  [
    "flow a permit match",
    "src { 10.0.0.1, 10.0.0.9 } dst 10.0.0.1 proto tcp",
    ["a: tcp 10.0.0.9:49152 -> 10.0.0.1:80 in eth0"],
  ],
  // No other will do.
  [
    "flow a permit match",
    "src 10.0.0.1 dst 10.0.0.1 proto tcp",
    ["a: tcp 10.0.0.1:49152 -> 10.0.0.1:80 in eth0"],
  ],
  // Neither 0.0.0.0 nor port 0, where these are among others.
  [
    "flow a permit match",
    "src 0.0.0.0/2 dst 0.0.0.0/1 proto udp srcport 0:1023 dstport 0:60",
    ["a: udp 10.0.0.7:1023 -> 10.0.0.8:60 in eth0"],
  ],
])("%s, asked for %s", (text, conditions, expected) => {
  expect(examples(text, conditions)).toEqual(expected);
});

it.each([
  [
    "flow a deny match dst 10.0.0.0/8 flow b permit match dst 10.1.0.0/16 proto tcp",
    "tcp 198.51.100.7:49152 -> 10.1.0.0:80 in eth0",
  ],
  [
    "flow a permit match proto tcp dstport 22 flow b permit match proto tcp",
    "tcp 198.51.100.7:49152 -> 203.0.113.7:22 in eth0",
  ],
])("of a rule that does nothing: %s", (text, expected) => {
  const [dead] = deadRules(checkText(text).config).dead;
  expect(dead && printPacket(dead.packet)).toBe(expected);
});

it("of what is expected and does not hold", () => {
  const { config } = checkText("flow a deny match src 10.0.0.0/8 expect permit proto tcp dstport 22");
  const [judged] = judgeExpectations(config).expectations;
  expect(judged?.packet && printPacket(judged.packet)).toBe("tcp 10.0.0.7:49152 -> 198.51.100.7:22 in eth0");
});

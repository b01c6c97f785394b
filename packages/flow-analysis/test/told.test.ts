/** What is found, in the fields and words that others read. */
import { parsePacket, parsePacketLine } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import { changeSentence, sampleOf, toldDeciders } from "../src/index.ts";

test.each([
  "tcp 10.0.0.1:4000 -> 192.168.0.2:25 in eth0",
  "icmp6 2001:db8::1 -> 2001:db8::2 type 128/0 out eth1 state established",
  "gre 10.0.0.1 -> 10.0.0.2 in wg0",
  "udp [fe80::1]:0 -> [fe80::2]:53 out lo state invalid",
])("a sample is read back from its fields and from its line: %s", (line) => {
  const packet = parsePacketLine(line);
  if ("error" in packet) throw new Error(packet.error.message);
  const sample = sampleOf(packet.ok);
  expect(sample.line).toBe(line);
  expect(parsePacket(sample.fields)).toEqual(packet);
});

test("who decided, and who does", () => {
  const deny = { action: "deny" } as const;
  const permit = { action: "permit" } as const;
  const nobody = { verdict: { action: "undecided" }, by: [], others: 0 } as const;
  const was = { verdict: permit, by: [{ flow: "ssh", rule: 1 }], others: 0 };
  const is = { verdict: deny, by: [{ flow: "badnets", rule: 2 }], others: 0 };
  expect(changeSentence({ was, is })).toBe("now denied by badnets, rule 2; was permitted by ssh, rule 1");
  expect(changeSentence({ was, is: { ...nobody, by: [] } })).toBe(
    "now left to the machine: no flow decides; was permitted by ssh, rule 1",
  );
  const many = { verdict: deny, by: [...is.by, ...was.by], others: 3 };
  expect(toldDeciders(many)).toBe("denied by badnets, rule 2 and 4 others");
  const errors = {
    verdict: { action: "director", director: "web" },
    by: [{ flow: "w", rule: null }],
  } as const;
  expect(toldDeciders({ verdict: errors.verdict, by: [...errors.by], others: 0 })).toBe(
    "sent to director web by w (its director's ICMP errors)",
  );
});

import { describe, expect, test } from "vitest";
import { repairBlocked, repairWords, sizeOf } from "../../src/kernel/repair.ts";

const PATCH = `--- wanted
+++ found
@@ -1,4 +1,5 @@
 iptables -t mangle -A PREROUTING -m comment --comment flowmgr -j FLOWS
+# out of place in PREROUTING: 1 rule of others stands before it
 iptables -t mangle -N @ssh
-iptables -t mangle -A @ssh -j ACCEPT
-ip rule add fwmark 0x100/0xff00 lookup 100
+iptables -t mangle -A @ssh -s 192.0.2.1/32 -j DROP
+ip route add local 192.0.2.1 dev lo table 100
`;

describe("what a repair will do, in numbers", () => {
  test("lines that are missing, lines too many, jumps in the wrong place", () => {
    expect(sizeOf(PATCH)).toEqual({ missing: 2, extra: 2, misplaced: 1, sets: 0 });
    expect(sizeOf("")).toEqual({ missing: 0, extra: 0, misplaced: 0, sets: 0 });
  });

  test("a set is one thing, however many of its networks are told", () => {
    const patch = `--- wanted
+++ found
@@ -1,4 +1,3 @@
-# set flowmgr-4-d036c9f188baa09b: 100000 networks
-ipset add flowmgr-4-d036c9f188baa09b 10.0.0.80
-ipset add flowmgr-4-d036c9f188baa09b 10.0.0.81
+# set flowmgr-4-d036c9f188baa09b: 99999 networks
+ipset add flowmgr-4-d036c9f188baa09b 10.0.0.99
 iptables -t mangle -A PREROUTING -m comment --comment flowmgr -j FLOWS
`;
    expect(sizeOf(patch)).toEqual({ missing: 0, extra: 0, misplaced: 0, sets: 1 });
  });

  test.each([
    [{ missing: 1, extra: 0, misplaced: 0, sets: 0 }, "puts 1 line back"],
    [
      { missing: 2, extra: 2, misplaced: 1, sets: 0 },
      "puts 2 lines back and takes 2 lines out and moves 1 jump to where it belongs",
    ],
    [{ missing: 0, extra: 0, misplaced: 0, sets: 1 }, "gives 1 set the networks of its list again"],
    [{ missing: 0, extra: 0, misplaced: 0, sets: 2 }, "gives 2 sets the networks of their lists again"],
    [{ missing: 0, extra: 0, misplaced: 0, sets: 0 }, "puts in order what stands in the wrong place"],
  ])("%o", (size, words) => {
    expect(repairWords(size)).toBe(words);
  });
});

describe("why a repair cannot be asked for", () => {
  test("it can when nothing is known against it", () => {
    expect(repairBlocked(undefined, true, false)).toBeNull();
  });
  test("one is running, or no server", () => {
    expect(repairBlocked(undefined, true, true)).toMatch(/running/);
    expect(repairBlocked(undefined, false, false)).toMatch(/does not answer/);
  });
});

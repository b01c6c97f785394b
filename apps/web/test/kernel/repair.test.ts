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
    expect(sizeOf(PATCH)).toEqual({ missing: 2, extra: 2, misplaced: 1 });
    expect(sizeOf("")).toEqual({ missing: 0, extra: 0, misplaced: 0 });
  });

  test.each([
    [{ missing: 1, extra: 0, misplaced: 0 }, "puts 1 line back"],
    [
      { missing: 2, extra: 2, misplaced: 1 },
      "puts 2 lines back and takes 2 lines out and moves 1 jump to where it belongs",
    ],
    [{ missing: 0, extra: 0, misplaced: 0 }, "puts in order what stands in the wrong place"],
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

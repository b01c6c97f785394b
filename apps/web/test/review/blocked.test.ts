import type { Plan } from "@flowmgr/flow-api";
import { describe, expect, test } from "vitest";
import { blockedBy, type Known } from "../../src/review/blocked.ts";

const untouched = { add: [], remove: [] };
const family = {
  ...{ added: [], removed: [], changed: [], restore: "" },
  ...{ ipRules: untouched, routes: untouched, sets: untouched },
};
const PLAN: Plan = {
  etag: "1",
  headline: "1 flow added",
  changes: [{ name: "ssh", change: "added" }],
  authors: [],
  text: "--- a\n+++ b\n@@ -0,0 +1 @@\n+flow ssh permit\n",
  kernel: { ip: { ...family, added: ["@ssh"], restore: "*mangle\nCOMMIT\n" }, ip6: null },
  diagnostics: [],
  applicable: true,
};
const READY: Known = {
  plan: PLAN,
  status: undefined,
  online: true,
  settled: true,
  moved: false,
  outdated: false,
  applying: false,
  accepted: false,
};
const same: Plan = { ...PLAN, changes: [], text: "", kernel: { ip: family, ip6: family } };
const problem = (severity: "error" | "warning") => ({ code: "x", severity, message: "no" });

describe("why an apply cannot be pressed", () => {
  test("nothing stands in its way", () => {
    expect(blockedBy(READY)).toBeNull();
    expect(blockedBy({ ...READY, plan: { ...PLAN, diagnostics: [problem("warning")] } })).toBeNull();
  });

  test.each<[string, Partial<Known>, RegExp]>([
    ["one is running", { applying: true }, /running/],
    ["no server", { online: false }, /does not answer/],
    ["an edit on its way", { settled: false }, /not saved/],
    [
      "errors, counted",
      { plan: { ...PLAN, diagnostics: [problem("error"), problem("error")] } },
      /^2 errors/,
    ],
    ["another draft than the one on the screen", { moved: true }, /changed/],
    ["a plan of what was before", { outdated: true }, /being worked out/],
    ["no change", { plan: same }, /nothing to apply/],
    ["the server's own no", { plan: { ...PLAN, applicable: false } }, /would not take/],
  ])("%s", (_name, known, reason) => {
    expect(blockedBy({ ...READY, ...known })?.reason).toMatch(reason);
  });

  test("a kernel that drifted can be put right though the text is the same", () => {
    const drifted = {
      ...same,
      kernel: { ip: { ...family, changed: ["@ssh"], restore: "*mangle" }, ip6: null },
    };
    expect(blockedBy({ ...READY, plan: drifted })).toBeNull();
  });

  describe("what packets meet", () => {
    const found = (code: string, severity: "error" | "warning" = "error") => ({
      code,
      severity,
      message: "no",
    });
    const known = (...diagnostics: ReturnType<typeof found>[]): Known => ({
      ...READY,
      plan: { ...PLAN, diagnostics, applicable: diagnostics.every(({ severity }) => severity !== "error") },
    });

    test("an expectation that fails, with the way to it", () => {
      expect(blockedBy(known(found("expectation-fails")))).toEqual({
        reason: "1 expectation not met.",
        way: { href: "/expectations", label: "Go to the expectations" },
      });
      expect(blockedBy(known(found("expectation-open")))?.reason).toBe("1 expectation not proven.");
    });

    test("a lock-out until it is accepted; nothing else is accepted with it", () => {
      const locked = known(found("lockout"));
      expect(blockedBy(locked)?.reason).toMatch(/cut off/);
      expect(blockedBy({ ...locked, accepted: true })).toBeNull();
      expect(blockedBy({ ...locked, accepted: true, moved: true })?.reason).toMatch(/changed/);
      const failing = known(found("lockout"), found("expectation-fails"));
      expect(blockedBy({ ...failing, accepted: true })?.reason).toMatch(/expectation/);
    });

    test("where the rules go into a namespace a lock-out is a warning", () => {
      expect(blockedBy(known(found("lockout", "warning")))).toBeNull();
    });
  });
});

import type { Plan } from "@flowmgr/flow-api";
import { describe, expect, test } from "vitest";
import { blockedBy, type Known } from "../../src/review/blocked.ts";

const untouched = { add: [], remove: [] };
const family = { added: [], removed: [], changed: [], restore: "", ipRules: untouched, routes: untouched };
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
    expect(blockedBy({ ...READY, ...known })).toMatch(reason);
  });

  test("a kernel that drifted can be put right though the text is the same", () => {
    const drifted = {
      ...same,
      kernel: { ip: { ...family, changed: ["@ssh"], restore: "*mangle" }, ip6: null },
    };
    expect(blockedBy({ ...READY, plan: drifted })).toBeNull();
  });
});

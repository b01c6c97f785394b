/** A plan and an apply say what each step took, also where they fail. */
import { expect, onTestFinished, test } from "vitest";
import { type Answer, startLab } from "./lab.ts";

const CONFIG = "flow ssh permit match proto tcp dstport 22\n";

/** The milliseconds of each step, by its name. */
function steps({ headers }: Answer): { [step: string]: number } {
  const header = String(headers["server-timing"]);
  return Object.fromEntries(
    header.split(", ").map((each) => {
      const [, step, ms] = /^([a-z-]+);dur=(\d+\.\d)$/.exec(each) ?? [];
      if (step === undefined) throw new Error(`not a step: ${each} of ${header}`);
      return [step, Number(ms)];
    }),
  );
}

test("the steps of plan, apply and PUT /config, in milliseconds", async () => {
  const lab = await startLab();
  onTestFinished(() => lab.remove());
  const put = await lab.call("PUT", "/config", { body: CONFIG });
  const all = steps(put);
  for (const step of ["body", "read", "guards", "compile", "proof", "kernel-switch", "kernel-read-back"]) {
    expect(all, step).toHaveProperty(step);
  }
  // A step of the kernel is a part of it, and all that was done is a part of the whole.
  expect(all["kernel-switch"]).toBeGreaterThan(0);
  expect(all.kernel).toBeGreaterThan(all["kernel-switch"] ?? 0);
  expect(all.total).toBeGreaterThan(all.kernel ?? 0);
  const plan = await lab.call("GET", "/draft/plan");
  expect(Object.keys(steps(plan))).toEqual(expect.arrayContaining(["check", "packets", "delta", "total"]));
  expect(Object.keys(steps(plan))).not.toContain("kernel-switch");
  const refused = await lab.call("POST", "/apply", { body: { etag: "other" } });
  expect(refused.status).toBe(412);
  expect(Object.keys(steps(refused))).toEqual(["body", "total"]);
});

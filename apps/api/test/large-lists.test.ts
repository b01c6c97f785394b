/** A list of 100 000 networks, all the way: checked, planned, in force, edited, kept right, there again after a boot. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkSchema, kernelSchema, planSchema } from "@flowmgr/flow-api";
import { removeWorld } from "@flowmgr/kernel";
import { expect, onTestFinished, test } from "vitest";
import { type Lab, makePlace, startLab } from "./lab.ts";

/** No two of them touch. */
const network = (at: number): string => `${1 + (at >> 15)}.${(at >> 7) & 255}.${(at & 127) * 2}.0/24`;

const config = (count: number, more = "") => {
  const networks = Array.from({ length: count }, (_, at) => network(at)).join("\n");
  return `list blocked {\n${networks}\n${more}\n}
flow block deny match src @blocked
flow ssh permit match proto tcp dst 192.168.0.1 dstport 22
`;
};

const COUNT = 100_000;
const ONE_SET = /^flowmgr-4-[0-9a-f]{16}: 100000 networks, @blocked$/;

/** How many networks each set in the kernel holds. */
const sizes = (lab: Lab): number[] =>
  [...lab.inside("ipset", "list", "-terse").matchAll(/^Number of entries: (\d+)$/gm)].map(([, size]) =>
    Number(size),
  );

const blocking = (lab: Lab) => lab.rules().filter((line) => line.startsWith("-A @block "));

test("100 000 networks are one set, and an edit of one of them is another", {
  timeout: 300_000,
}, async () => {
  const place = makePlace();
  let lab = await startLab({ place });
  onTestFinished(() => lab.remove());
  const whole = config(COUNT);
  const put = await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: whole });
  expect(put.status).toBe(200);
  const plan = (await lab.call("GET", "/draft/plan")).as(planSchema);
  // What a busy machine does not prove in time is a warning.
  expect(plan.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(plan.kernel.ip.sets).toEqual({ add: [expect.stringMatching(ONE_SET)], remove: [] });
  // The list itself stands in the text of the config alone.
  expect(JSON.stringify(plan.kernel).length).toBeLessThan(10_000);
  const apply = (body: string) => lab.call("PUT", "/config?confirmWithin=0", { body });
  expect((await apply(whole)).json).toMatchObject({ state: "confirmed", changed: true });
  expect(sizes(lab)).toEqual([COUNT]);
  const [rule, ...others] = blocking(lab);
  expect(others).toEqual([]);
  expect((await apply(config(COUNT, "203.0.113.7"))).json).toMatchObject({ state: "confirmed" });
  expect(sizes(lab)).toEqual([COUNT + 1]);
  expect(blocking(lab)).not.toEqual([rule]);

  const { ip } = (await lab.call("GET", "/kernel")).as(kernelSchema);
  expect(ip.sets).toEqual([
    { name: expect.stringMatching(/^flowmgr-4-/), networks: COUNT + 1, lists: ["blocked"] },
  ]);
  const name = ip.sets[0]?.name ?? "";
  // As many as before, and another one.
  lab.inside("ipset", "del", name, "203.0.113.7");
  lab.inside("ipset", "add", name, "203.0.113.8");
  await lab.call("GET", "/status?verify=true");
  const { drift } = (await lab.call("GET", "/kernel")).as(kernelSchema);
  expect(drift.detail).toContain(`set ${name} changed`);
  expect(drift.text).toContain(`-ipset add ${name} 203.0.113.7\n`);
  expect(drift.text).toContain(`+ipset add ${name} 203.0.113.8\n`);
  await lab.call("POST", "/kernel/repair");
  lab.inside("ipset", "test", name, "203.0.113.7");
  expect(() => lab.inside("ipset", "test", name, "203.0.113.8")).toThrow("NOT in set");

  await lab.stop();
  await removeWorld(place.namespace);
  lab = await startLab({ place });
  expect(sizes(lab)).toEqual([COUNT + 1]);
  expect(blocking(lab)).toHaveLength(1);
});

test("without ipset a list is written out, as far as it goes", { timeout: 120_000 }, async () => {
  const bin = mkdtempSync(join(tmpdir(), "flowmgr-lab-"));
  const path = process.env.PATH ?? "";
  onTestFinished(() => {
    process.env.PATH = path;
    rmSync(bin, { recursive: true });
  });
  writeFileSync(join(bin, "ipset"), "#!/bin/sh\nexit 1\n");
  chmodSync(join(bin, "ipset"), 0o755);
  process.env.PATH = `${bin}:${path}`;
  const lab = await startLab();
  onTestFinished(() => lab.remove());
  await lab.call("PUT", "/config?confirmWithin=0", { body: config(100) });
  expect(blocking(lab)).toHaveLength(100);
  await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: config(5000) });
  const { diagnostics } = (await lab.call("GET", "/draft/check")).as(checkSchema);
  const error = { code: "needs-sets", severity: "error", flow: "block", rule: 1 };
  expect(diagnostics).toMatchObject([{ ...error, help: expect.stringContaining("package ipset") }]);
  const refused = await lab.call("PUT", "/config?confirmWithin=0", { body: config(5000) });
  expect(refused.status).toBe(422);
  expect(refused.text).toContain("5000 rules of iptables, and 4096 are the most");
});

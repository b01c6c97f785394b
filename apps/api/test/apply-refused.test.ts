/** A kernel that refuses: a real iptables-restore behind a wrapper that fails when the test says so. */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  appliedSchema,
  planSchema,
  problemSchema,
  revisionListSchema,
  statusSchema,
} from "@flowmgr/flow-api";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, startLab } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match icmptype 8\n  match proto udp dst 192.168.0.1 dstport 53\n";

const tools = mkdtempSync(join(tmpdir(), "flowmgr-tools-"));
/** While it exists, whatever sends rules of `@dns` to the kernel fails at their second line. */
const broken = join(tools, "broken");
/** While it exists, every restore fails. */
const dead = join(tools, "dead");
const path = process.env.PATH;
const clock = testClock();
let lab: Lab;

function wrap(name: string): void {
  const real = execFileSync("which", [name], { encoding: "utf8" }).trim();
  const script = `#!/bin/sh
if [ -e ${dead} ]; then echo "${name}: out of memory" >&2; exit 4; fi
[ -e ${broken} ] || exec ${real} "$@"
input=$(cat)
line=$(printf '%s\\n' "$input" | grep -n -- '-A @dns' | sed -n '2s/:.*//p')
if [ -n "$line" ]; then echo "${name}: line $line: RULE_APPEND failed (Invalid argument)" >&2; exit 4; fi
printf '%s\\n' "$input" | ${real} "$@"
`;
  writeFileSync(join(tools, name), script);
  chmodSync(join(tools, name), 0o755);
}

beforeAll(async () => {
  for (const name of ["iptables-nft-restore", "iptables-legacy-restore"]) wrap(name);
  process.env.PATH = `${tools}:${path}`;
  lab = await startLab({ clock });
});
afterAll(async () => {
  process.env.PATH = path;
  await lab.remove();
  rmSync(tools, { recursive: true });
});
beforeEach(async () => {
  rmSync(broken, { force: true });
  rmSync(dead, { force: true });
  await lab.call("PUT", "/config", { body: SSH });
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
});

test("refused: which flow and rule, what the kernel said, and the old rules are in force", async () => {
  writeFileSync(broken, "");
  const answer = await lab.call("PUT", "/config", { body: DNS });
  expect(answer.status, answer.text).toBe(502);
  expect(answer.as(problemSchema).type).toBe("urn:flowmgr:problem:kernel-refused");
  expect(answer.as(problemSchema).diagnostics).toMatchObject([
    { code: "kernel-refused", severity: "error", flow: "dns", rule: 2, path: "/items/0/rules/1", line: 3 },
  ]);
  expect(answer.as(problemSchema).diagnostics[0]?.message).toContain("RULE_APPEND failed (Invalid argument)");
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  expect((await lab.call("GET", "/status")).json).toMatchObject({ state: "in-sync", unconfirmed: null });
  const { revisions } = (await lab.call("GET", "/revisions?limit=1")).as(revisionListSchema);
  expect(revisions).toMatchObject([{ outcome: "failed", running: false }]);
});

test("the plan says so before anybody applies", async () => {
  writeFileSync(broken, "");
  const plan = (await lab.call("PUT", "/config?dryRun=true", { body: `${DNS}# other\n` })).as(planSchema);
  expect(plan).toMatchObject({ applicable: false, diagnostics: [{ code: "kernel-refused", rule: 2 }] });
});

test("refused at the switch itself, after the check had passed: back to the old rules, verified", async () => {
  // The plan checks the program while all is well; the apply need not check it again.
  expect((await lab.call("PUT", "/config?dryRun=true", { body: DNS })).as(planSchema).applicable).toBe(true);
  writeFileSync(broken, "");
  const answer = await lab.call("PUT", "/config", { body: DNS });
  expect(answer.status, answer.text).toBe(502);
  expect(answer.as(problemSchema).detail).toMatch(/; the old rules are in force\.$/);
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  rmSync(broken);
  expect((await lab.call("PUT", "/config", { body: DNS })).json).toMatchObject({ changed: true });
});

test("a way back that fails is told and tried again until it works", async () => {
  const applied = await lab.call("PUT", "/config?confirmWithin=30", { body: DNS });
  expect(applied.as(appliedSchema).state, applied.text).toBe("unconfirmed");
  writeFileSync(dead, "");
  const failed = lab.event("apply", ({ state }) => state === "error");
  clock.pass(30_000);
  await failed;
  const status = (await lab.call("GET", "/status")).as(statusSchema);
  expect(status.state).toBe("error");
  expect(status.detail).toMatch(/could not be put back, tried once: .*out of memory/);
  expect((await lab.call("PUT", "/config", { body: SSH })).status).toBe(409);

  rmSync(dead);
  const back = lab.event("apply", ({ state }) => state === "in-sync");
  clock.pass(1_000);
  await back;
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  expect((await lab.call("GET", "/status")).json).toMatchObject({
    state: "in-sync",
    expired: { revision: applied.as(appliedSchema).revision },
  });
});

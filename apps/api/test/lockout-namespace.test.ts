/** The guard before an apply in a private namespace: it warns of what the rules take from the machine in it, and stops nothing. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Lockout, planSchema } from "@flowmgr/flow-api";
import { FIVE_EXAMPLES } from "@flowmgr/flow-model/examples";
import { expect, it, onTestFinished } from "vitest";
import { type Lab, startLab } from "./lab.ts";

/** As keepalived has it: a raw socket for VRRP that has joined the group. */
const KEEPALIVED = `use Socket qw(:all); $| = 1;
socket(my $s, AF_INET, SOCK_RAW, 112) or die $!;
setsockopt($s, IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton("224.0.0.18") . inet_aton("192.168.1.1")) or die $!;
print "ready\\n"; <STDIN>;`;

async function keepalived(namespace: string): Promise<void> {
  const child = spawn("ip", ["netns", "exec", namespace, "perl", "-e", KEEPALIVED], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  });
  const failed = once(child, "exit").then(([code]) => Promise.reject(new Error(`it ended: ${code}`)));
  failed.catch(() => {});
  await Promise.race([once(child.stdout, "data"), failed]);
}

async function lockoutOf(lab: Lab, config: string): Promise<Lockout> {
  const plan = await lab.call("PUT", "/config?dryRun=true", { body: config });
  expect(plan.status, plan.text).toBe(200);
  const { lockout } = plan.as(planSchema);
  if (lockout === undefined) throw new Error(`a plan without a lock-out: ${plan.text}`);
  return lockout;
}

/** The config with all that is offered as a mend in its place. */
const mended = (config: string, { findings }: Lockout) =>
  findings.reduce(
    (text, { fix }) => text.replace(`flow ${fix?.before} `, `${fix?.text}\nflow ${fix?.before} `),
    config,
  );

it("what the five examples take is said once, stops nothing, and is mended by what is offered", async () => {
  const lab = await startLab();
  onTestFinished(() => lab.remove());
  const found = await lockoutOf(lab, FIVE_EXAMPLES);
  expect(found.findings.map(({ sentence, blocks }) => ({ sentence, blocks }))).toEqual([
    {
      sentence:
        "answers to whatever this machine itself opens (health checks, names, time) and ICMPv6 errors about this machine's own connections would be denied by alltherest, rule 1",
      blocks: false,
    },
  ]);
  expect(found.notes).toEqual([]);
  const { analyst } = lab.running.parts;
  const real = analyst.lockouts;
  analyst.lockouts = () =>
    Promise.reject(new Error("an apply that nothing here can stop waits for the guard"));
  expect((await lab.call("PUT", "/config", { body: FIVE_EXAMPLES })).status).toBe(200);
  analyst.lockouts = real;
  expect((await lockoutOf(lab, mended(FIVE_EXAMPLES, found))).findings).toEqual([]);

  await keepalived(lab.place.namespace);
  const speaking = await lockoutOf(lab, FIVE_EXAMPLES);
  const vrrp = speaking.findings.filter(({ what }) => what === "vrrp");
  expect(vrrp).toMatchObject([
    {
      sentence: "all VRRP of the other routers would be denied by alltherest, rule 1",
      sample: { fields: { iface: "eth1", proto: "vrrp", dst: "224.0.0.18" } },
      blocks: false,
    },
  ]);
  expect((await lockoutOf(lab, mended(FIVE_EXAMPLES, speaking))).findings).toEqual([]);
  // With outflows the machine's own adverts may be kept back as well.
  const ahead = await lockoutOf(
    lab,
    "flow all deny match\nflow mail director maildirect match dst 192.168.0.2",
  );
  expect(ahead.findings.map(({ what, fix }) => [what, fix?.label])).toEqual([
    ["replies", undefined],
    ["vrrp", "Add flow vrrp before all"],
  ]);
  const { findings } = await lockoutOf(lab, "outflow quiet deny match dst 224.0.0.0/4");
  expect(findings.map(({ sentence }) => sentence)).toEqual([
    "all VRRP of this machine would be denied by quiet, rule 1",
  ]);
});

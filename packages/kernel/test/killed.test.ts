/** SIGKILL between the steps of an apply: from whatever is found, the next process gets to the old or the new rules. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run } from "../src/run.ts";
import { KILL_SERVER } from "../src/testing.ts";
import { BACKENDS, everything, type Lab, makeLab, program, wrappers } from "./lab.ts";

const OLD = `flow ssh permit match proto tcp dstport 22
flow mail director d match proto tcp dst 10.1.1.1 match proto tcp dst fd01::1`;
const NEW = `flow dns permit match proto udp dstport 53
flow web table 77 match proto tcp dstport 80 match proto tcp dst fd01::3`;

const KILL = `${KILL_SERVER}; exit 1`;

/** The real command runs to its end, then the server is killed. */
const after = (command: string) => `/usr/sbin/${command} "$@"; ${KILL}`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const BOUNDARIES: [string, (lab: Lab) => [command: string, body: string]][] = [
  ["before anything is created", () => ["ip", `if [ "$5 $6" = "-4 -batch" ]; then ${KILL}; fi`]],
  ["before the first restore", (lab) => [`${lab.iptables}-restore`, KILL]],
  ["between the restores", (lab) => [`${lab.iptables}-restore`, after(`${lab.iptables}-restore`)]],
  ["after the second restore", (lab) => [`${lab.ip6tables}-restore`, after(`${lab.ip6tables}-restore`)]],
];

describe.each(BACKENDS)("%s", { timeout: 300_000 }, (backend) => {
  test.each(BOUNDARIES)("%s", async (_, boundary) => {
    for (const next of [OLD, NEW]) {
      const lab = await makeLab(backend);
      await lab.kernel.apply(program(OLD));
      const file = join(lab.dataDir, "program.json");
      writeFileSync(file, JSON.stringify(program(NEW)));
      const tools = wrappers();
      const [command, body] = boundary(lab);
      tools.wrap(command, body);
      const child = join(import.meta.dirname, "apply-child.ts");
      const killed = await run([process.execPath, child, lab.ns.name, backend, lab.dataDir, file]);
      expect(killed.failure).toBe("killed");
      tools.wrap(command, "");
      await (await lab.reopen()).apply(program(next));
      const fresh = await makeLab(backend);
      await fresh.kernel.apply(program(next));
      expect(await everything(lab)).toBe(await everything(fresh));
    }
  });

  test.each([
    ["before", ""],
    ["behind", `/usr/sbin/ip6tables-${backend}-restore "$@"; `],
  ])(
    "who starts programs is killed %s a restore: the old rules are back, the next apply goes on",
    async (_, first) => {
      const lab = await makeLab(backend);
      await lab.kernel.apply(program(OLD));
      const old = await everything(lab);
      const once = join(lab.dataDir, "once");
      const tools = wrappers();
      tools.wrap(
        lab.ip6tables.concat("-restore"),
        `[ -e ${once} ] || { : > ${once}; ${first}kill -9 $PPID; exec sleep 60; }`,
      );
      const error: unknown = await lab.kernel.apply(program(NEW)).catch((caught: unknown) => caught);
      expect(existsSync(once)).toBe(true);
      expect(error).toMatchObject({ oldRulesInForce: true, message: expect.stringContaining("was killed") });
      expect(await everything(lab)).toBe(old);
      await lab.kernel.apply(program(NEW));
      const fresh = await makeLab(backend);
      await fresh.kernel.apply(program(NEW));
      expect(await everything(lab)).toBe(await everything(fresh));
    },
  );

  test("a restore that outlives its process is waited for, not overtaken by", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(OLD));
    const file = join(lab.dataDir, "program.json");
    const go = join(lab.dataDir, "go");
    writeFileSync(file, JSON.stringify(program(NEW)));
    const tools = wrappers();
    // The server dies at once; it goes on when it is told to.
    const orphan = `exec > /dev/null 2>&1; ${KILL_SERVER}; until [ -e ${go} ]; do sleep 0.02; done`;
    tools.wrap(`${lab.iptables}-restore`, orphan);
    const child = join(import.meta.dirname, "apply-child.ts");
    expect((await run([process.execPath, child, lab.ns.name, backend, lab.dataDir, file])).failure).toBe(
      "killed",
    );
    tools.wrap(`${lab.iptables}-restore`, "");
    const next = lab.reopen().then((kernel) => kernel.apply(program(OLD)));
    // Long enough for one that does not wait to be done.
    await Promise.race([next, pause(1_500)]);
    writeFileSync(go, "");
    await next;
    const fresh = await makeLab(backend);
    await fresh.kernel.apply(program(OLD));
    await expect.poll(() => everything(lab), { timeout: 60_000 }).toBe(await everything(fresh));
  });
});

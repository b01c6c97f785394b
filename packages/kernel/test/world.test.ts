import { afterEach, expect, test } from "vitest";
import { run } from "../src/run.ts";
import { randomName } from "../src/testing.ts";
import { ensureWorld, removeWorld } from "../src/world.ts";
import { wrappers } from "./lab.ts";

const started: string[] = [];
const name = () => {
  const fresh = randomName();
  started.push(fresh);
  return fresh;
};

afterEach(async () => {
  for (const each of started.splice(0)) {
    for (const suffix of ["", "-client", "-server"]) await run(["ip", "netns", "delete", each + suffix]);
  }
});

const inside = async (namespace: string, ...argv: string[]) =>
  (await run(["ip", "netns", "exec", namespace, ...argv])).stdout;

const namespaces = async () => (await run(["ip", "netns", "list"])).stdout;

const ping = async (from: string, address: string) =>
  (await run(["ip", "netns", "exec", from, "ping", "-n", "-c", "1", "-W", "5", address])).status;

test("client, middle and server reach each other, in both families, and nothing else", async () => {
  const world = name();
  expect(await ensureWorld(world)).toEqual({ made: true });
  for (const address of ["192.168.0.1", "192.168.0.2", "192.168.1.10", "fd00::1", "fd00:0:0:1::10"]) {
    expect([address, await ping(`${world}-client`, address)]).toEqual([address, 0]);
  }
  expect(await ping(`${world}-server`, "192.168.0.10")).toBe(0);
  const interfaces = await inside(world, "ip", "-brief", "link");
  expect(interfaces.match(/^\S+/gm)?.map((each) => each.replace(/@.*/, ""))).toEqual(["lo", "eth0", "eth1"]);
});

test("made once; what is missing of it is put back", async () => {
  const world = name();
  await ensureWorld(world);
  await inside(world, "iptables", "-t", "mangle", "-N", "kept");
  expect(await ensureWorld(world)).toEqual({ made: false });
  expect(await inside(world, "iptables-save", "-t", "mangle")).toContain(":kept -");
  await run(["ip", "netns", "delete", `${world}-client`]);
  // The kernel takes the wire away only after the namespace is empty, a moment later.
  await expect.poll(() => inside(world, "ip", "-brief", "link")).not.toContain("eth0");
  expect(await ensureWorld(world)).toEqual({ made: false });
  expect(await ping(`${world}-client`, "192.168.0.1")).toBe(0);
});

test("a namespace of others is left as it is, also by removeWorld", async () => {
  const world = name();
  await run(["ip", "netns", "add", world]);
  expect(await ensureWorld(world)).toEqual({ made: false });
  expect(await inside(world, "ip", "-brief", "link")).not.toContain("eth0");
  await removeWorld(world);
  expect(await namespaces()).toContain(world);
});

test("is known as ours though ip fails for a moment", async () => {
  const world = name();
  await ensureWorld(world);
  wrappers().wrap("ip", '[ -e "$0.failed" ] || { touch "$0.failed"; exit 1; }');
  expect(await removeWorld(world)).toEqual([world, `${world}-client`, `${world}-server`]);
});

test("nothing is left when it can't be completed", async () => {
  const world = name();
  await run(["ip", "netns", "add", `${world}-server`]);
  await expect(ensureWorld(world)).rejects.toThrow(
    `network namespace ${world}-server exists and is not ours; remove it: ip netns delete ${world}-server`,
  );
  const left = (await namespaces()).split("\n").filter((line) => line.startsWith(world));
  expect(left.map((line) => line.split(" ")[0])).toEqual([`${world}-server`]);
});

test("removeWorld leaves nothing", async () => {
  const world = name();
  await ensureWorld(world);
  await removeWorld(world);
  expect(await namespaces()).not.toContain(world);
});

test("a name that could be an option or a path is refused", async () => {
  for (const bad of ["-x", "../etc", "a b", ""]) await expect(ensureWorld(bad)).rejects.toThrow("can't name");
});

/** keepalived's services by mark, with the configurations that the operations guide shows. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ADDRESSES, ask, documented, eventually, health, LOCAL, shell } from "./lab.ts";

/** Runs it on a configuration until the test ends. */
async function keepalived(t: TestContext, config: string): Promise<void> {
  shell("ipvsadm -C; sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  writeFileSync("/run/keepalived.conf", config);
  const log = openSync("/shared/keepalived.log", "a");
  const words = [
    "--dont-fork",
    "--no-syslog",
    "--log-console",
    "--check",
    "--use-file",
    "/run/keepalived.conf",
  ];
  const child = spawn("keepalived", words, { stdio: ["ignore", log, log] });
  t.after(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  });
}

const servers = async () => (await health()).find((line) => line.includes(" servers: ")) ?? "";

test("keepalived by NAT: ports kept, and a server whose check fails gets nothing until it is well", async (t) => {
  await keepalived(t, documented("keepalived")[0] ?? "");
  await eventually(async () => assert.match(await servers(), /^ok servers: 4 servers: /));
  for (const address of ADDRESSES) {
    const two = [await ask(address, 25), await ask(address, 143)];
    assert.deepEqual(two.map((who) => who.slice(0, 5)).sort(), ["real1", "real2"], address);
    assert.deepEqual(
      two.map((who) => who.split(" ")[2]),
      ["25", "143"],
      "the port is kept",
    );
  }
  const rule = (how: string) =>
    `iptables -${how} INPUT -p tcp --dport 110 -s 192.168.1.1 -j REJECT --reject-with tcp-reset`;
  shell(rule("I"), "real2");
  await eventually(async () => assert.match(await servers(), /^ok servers: 3 servers: /));
  for (let at = 0; at < 3; at += 1) assert.match(await ask(LOCAL[0], 25), /^real1 /);
  shell(rule("D"), "real2");
  await eventually(async () => assert.match(await servers(), /^ok servers: 4 servers: /));
});

test("keepalived by direct routing", async (t) => {
  await keepalived(t, documented("keepalived")[1] ?? "");
  await eventually(async () => assert.match(await servers(), /^ok servers: 4 servers: .*Route/));
  for (const address of ADDRESSES) {
    const two = [await ask(address, 25), await ask(address, 143)];
    assert.deepEqual(
      two.map((who) => who.slice(6)),
      [`${address} 25`, `${address} 143`],
    );
    assert.notEqual(two[0]?.slice(0, 5), two[1]?.slice(0, 5));
  }
});

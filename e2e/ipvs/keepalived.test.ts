/** keepalived's services by mark, with the configurations that the operations guide shows. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { ADDRESSES, ask, documented, eventually, health, LOCAL, shell } from "./lab.ts";

/** Runs it on the guide's configuration until the test ends; resolves when it has found all servers well. */
async function keepalived(t: TestContext, method: "NAT" | "DR"): Promise<void> {
  const config = documented("keepalived").find((each) => each.includes(`lvs_method ${method}`)) ?? "";
  shell("ipvsadm -C; sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
  writeFileSync("/run/keepalived.conf", config);
  const file = `/shared/keepalived-${method}.log`;
  const log = openSync(file, "w");
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
  // It takes servers for well until they were looked at.
  await eventually(async () => {
    const well = readFileSync(file, "utf8").match(/TCP connection to \S+ success/g);
    assert.equal(new Set(well).size, 4);
  });
}

const servers = async () => (await health()).find((line) => line.includes(" servers: ")) ?? "";

test("keepalived by NAT: ports kept, and a server whose check fails gets nothing until it is well", async (t) => {
  await keepalived(t, "NAT");
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
  await keepalived(t, "DR");
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

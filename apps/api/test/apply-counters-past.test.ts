/** What a count outlives: a kernel that forgot, rules put back, a way back, another place. */

import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { appliedSchema, countersSchema, statusSchema } from "@flowmgr/flow-api";
import { removeWorld } from "@flowmgr/kernel";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, sendUdp, startLab } from "./lab.ts";

const clock = testClock();
let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());
/** Another name each time, so that no test begins with the past of another one. */
let dns = "";
beforeEach(() => {
  dns = `dns-${randomBytes(3).toString("hex")}`;
});

const to = (port: number) => `match proto udp dst 192.168.0.1 dstport ${port}`;

async function apply(text: string): Promise<void> {
  const answer = await lab.call("PUT", "/config", { body: text });
  expect(answer.status, answer.text).toBe(200);
}

type Total = { packets: number; bytes: number; since: string; lastHit: string | null };

/** The totals of the flow's rules, by their numbers. */
async function totals(): Promise<Record<number, Total>> {
  // Younger than this a reading is given again.
  clock.pass(5_000);
  const { flows } = (await lab.call("GET", "/running/counters")).as(countersSchema);
  const found = flows.find(({ name }) => name === dns);
  return Object.fromEntries(found?.rules.map(({ rule, ...total }) => [rule, total]) ?? []);
}

const packets = (all: Record<number, Total>) =>
  Object.fromEntries(Object.entries(all).map(([rule, total]) => [rule, total.packets]));

test("the machine was started anew while the server was down", async () => {
  await apply(`flow ${dns} permit ${to(53)}`);
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  // The server has not read these when it is told to end.
  await lab.stop();
  await removeWorld(lab.place.namespace);
  clock.pass(3_600_000);
  lab = await startLab({ place: lab.place, clock });
  const { 1: before } = await totals();
  expect(before).toMatchObject({ packets: 4, bytes: 120 });
  sendUdp(lab.place, "192.168.0.1", 53, 9);
  const { 1: after } = await totals();
  expect(after).toMatchObject({ packets: 13, bytes: 390, since: before?.since });
  expect(Date.parse(after?.lastHit ?? "") - Date.parse(before?.lastHit ?? "")).toBeGreaterThan(3_000_000);
});

test("rules that somebody flushed are put back", async () => {
  await apply(`flow ${dns} permit ${to(53)} ${to(54)}`);
  sendUdp(lab.place, "192.168.0.1", 53, 2);
  sendUdp(lab.place, "192.168.0.1", 54, 3);
  const before = await totals();
  lab.inside("iptables", "-t", "mangle", "-F", `@${dns}`);
  expect(await totals()).toEqual(before);
  // Nobody counts these.
  sendUdp(lab.place, "192.168.0.1", 53, 1);
  expect((await lab.call("POST", "/kernel/repair")).status).toBe(200);
  sendUdp(lab.place, "192.168.0.1", 53, 5);
  expect(packets(await totals())).toEqual({ 1: 7, 2: 3 });
  expect((await totals())[2]).toEqual(before[2]);
});

test("lines that somebody set to zero take nothing from the others of their rule, nor count them twice", async () => {
  await apply(`flow ${dns} permit match proto udp dst { 192.168.0.1, 192.168.0.2, fd00::1 } dstport 53`);
  const send = (...counts: [string, number][]) => {
    for (const [address, count] of counts) sendUdp(lab.place, address, 53, count);
  };
  send(["192.168.0.1", 2], ["192.168.0.2", 3], ["fd00::1", 5]);
  expect(packets(await totals())).toEqual({ 1: 10 });
  lab.inside("iptables", "-t", "mangle", "-Z");
  expect(packets(await totals())).toEqual({ 1: 10 });
  send(["192.168.0.1", 1], ["fd00::1", 4]);
  expect(packets(await totals())).toEqual({ 1: 15 });
  lab.inside("ip6tables", "-t", "mangle", "-F", `@${dns}`);
  send(["192.168.0.2", 20]);
  expect(packets(await totals())).toEqual({ 1: 35 });
  expect((await lab.call("POST", "/kernel/repair")).status).toBe(200);
  send(["fd00::1", 1]);
  expect(packets(await totals())).toEqual({ 1: 36 });
  lab.inside("ip6tables", "-t", "mangle", "-F", `@${dns}`);
  expect((await lab.call("POST", "/kernel/repair")).status).toBe(200);
  expect(packets(await totals())).toEqual({ 1: 36 });
});

test("what a way back brings back has its total again", async () => {
  await apply(`flow ${dns} permit ${to(53)} ${to(54)}`);
  sendUdp(lab.place, "192.168.0.1", 53, 2);
  sendUdp(lab.place, "192.168.0.1", 54, 3);
  const before = await totals();
  const text = `flow ${dns} permit ${to(53)} ${to(55)}`;
  const { revision } = (await lab.call("PUT", "/config?confirmWithin=600", { body: text })).as(appliedSchema);
  expect(packets(await totals())).toEqual({ 1: 2, 2: 0 });
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  expect((await lab.call("POST", "/apply/revert", { body: { revision } })).status).toBe(200);
  const after = await totals();
  expect(packets(after)).toEqual({ 1: 6, 2: 3 });
  expect(after[2]).toEqual(before[2]);
});

test("a rule is known by what it says: moved, said twice, another policy; what a list says is part of it", async () => {
  const named = (host: number) => `list hosts { 192.168.0.${host} }\n`;
  const listed = "match proto udp dst @hosts dstport 56";
  await apply(`${named(1)}flow ${dns} permit ${to(53)} ${to(54)} ${to(54)} ${listed}`);
  for (const [port, count] of [
    [53, 2],
    [54, 3],
    [56, 4],
  ] as const) {
    sendUdp(lab.place, "192.168.0.1", port, count);
  }
  expect(packets(await totals())).toEqual({ 1: 2, 2: 3, 3: 0, 4: 4 });
  await apply(`${named(1)}flow ${dns} table 77 ${listed} ${to(54)} ${to(53)} ${to(54)}`);
  expect(packets(await totals())).toEqual({ 1: 4, 2: 3, 3: 2, 4: 0 });
  await apply(`${named(2)}flow ${dns} table 77 ${to(54)} ${listed} ${to(53)}`);
  expect(packets(await totals())).toEqual({ 1: 3, 2: 0, 3: 2 });
});

test("two rules that become one, or one that becomes two, begin anew though their lines stay as they are", async () => {
  await apply(`flow ${dns} permit ${to(53)} ${to(55)}`);
  const both = `match proto udp dst { 192.168.0.1, 192.168.0.2 } dstport 53`;
  sendUdp(lab.place, "192.168.0.1", 53, 2);
  await apply(`flow ${dns} permit ${both} ${to(55)}`);
  expect(packets(await totals())).toEqual({ 1: 0, 2: 0 });
  sendUdp(lab.place, "192.168.0.1", 53, 3);
  sendUdp(lab.place, "192.168.0.2", 53, 4);
  await apply(`flow ${dns} permit ${to(53)} match proto udp dst 192.168.0.2 dstport 53 ${to(55)}`);
  expect(packets(await totals())).toEqual({ 1: 0, 2: 0, 3: 0 });
  sendUdp(lab.place, "192.168.0.1", 53, 5);
  expect(packets(await totals())).toEqual({ 1: 5, 2: 0, 3: 0 });
});

test("what an apply did not come to book is counted once, whoever looks first", async () => {
  await apply(`flow ${dns} permit ${to(53)} ${to(54)}`);
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  expect(packets(await totals())).toEqual({ 1: 4, 2: 0 });
  // The new rules are in force when nothing can be read any more, so neither can what was before be put back.
  const mend = breakReading();
  const failed = await lab.call("PUT", "/config", { body: `flow ${dns} permit ${to(53)} ${to(55)}` });
  expect(failed.status, failed.text).toBe(502);
  expect((await lab.call("GET", "/status")).as(statusSchema).state).toBe("error");
  sendUdp(lab.place, "192.168.0.1", 53, 3);
  mend();
  // Long enough for another reading, too short for another try.
  clock.pass(600);
  expect((await lab.call("GET", "/running/counters")).as(countersSchema).flows[0]?.packets).toBe(7);
  expect((await lab.call("POST", "/kernel/repair")).status).toBe(200);
  expect(packets(await totals())).toEqual({ 1: 7, 2: 0 });
  sendUdp(lab.place, "192.168.0.1", 53, 2);
  expect(packets(await totals())).toEqual({ 1: 9, 2: 0 });
});

/** From the end of the next switch, what reads rules fails in the namespace; gives what ends that. */
function breakReading(): () => void {
  const directory = mkdtempSync(join(tmpdir(), "flowmgr-test-"));
  const broken = join(directory, "broken");
  const wrap = (tool: string, body: string) => {
    const inside = `[ "$(ip netns identify $$)" = ${lab.place.namespace} ]`;
    const script = `#!/bin/sh\nif ${inside}; then ${body}; fi\nexec /usr/sbin/${tool} "$@"\n`;
    writeFileSync(join(directory, tool), script);
    chmodSync(join(directory, tool), 0o755);
  };
  wrap("iptables-nft-restore", `/usr/sbin/iptables-nft-restore "$@"; code=$?; touch ${broken}; exit $code`);
  for (const tool of ["iptables-nft-save", "iptables-nft"]) {
    wrap(tool, `if [ -e ${broken} ]; then exit 1; fi`);
  }
  const path = process.env.PATH;
  process.env.PATH = `${directory}:${path}`;
  const mend = () => {
    process.env.PATH = path;
    rmSync(directory, { recursive: true, force: true });
  };
  onTestFinished(mend);
  return mend;
}

test("counts of a database from before there were totals go on", async () => {
  await apply(`flow ${dns} permit ${to(53)}`);
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  const { 1: before } = await totals();
  await lab.stop();
  const db = new DatabaseSync(`${lab.place.data}/flowmgr.db`);
  const since = Date.parse(before?.since ?? "");
  db.exec(`DROP TABLE rule_total; DROP TABLE counting; DROP TABLE booked_batch;
    DELETE FROM migrations WHERE name IN ('0110-counter-totals.sql', '0112-totals-of-now.sql');
    CREATE TABLE counter (flow TEXT NOT NULL, rule INTEGER NOT NULL, packets INTEGER NOT NULL,
      since INTEGER NOT NULL, last_hit INTEGER, PRIMARY KEY (flow, rule)) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('${dns}', 1, 3, ${since}, NULL)`);
  db.close();
  lab = await startLab({ place: lab.place, clock });
  expect((await totals())[1]).toMatchObject({ packets: 4, bytes: 120, since: before?.since });
});

test("what was seen goes to disk though nobody asks", async () => {
  await apply(`flow ${dns} permit ${to(53)}`);
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  clock.pass(31_000);
  const db = new DatabaseSync(`${lab.place.data}/flowmgr.db`, { readOnly: true });
  const onDisk = () => db.prepare("SELECT packets FROM rule_total WHERE flow = ?").get(dns)?.packets;
  await expect.poll(onDisk).toBe(4);
  db.close();
});

/** A server that is killed while something waits to be confirmed: the old rules come back in time all the same. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { appliedSchema, statusSchema } from "@flowmgr/flow-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { Clock } from "../src/parts.ts";
import { call, inNamespace, makePlace, type Place, rulesIn, startLab, tokenOf } from "./lab.ts";

const MAIN = join(import.meta.dirname, "../src/main.ts");

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";

let place: Place;
const children: ChildProcess[] = [];

beforeEach(() => {
  place = makePlace();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await place.remove();
});

/** The real command, as it is started in earnest; resolves when it says where it listens. */
function serve(): Promise<{ child: ChildProcess; url: string; end: Promise<void> }> {
  const argv = [
    MAIN,
    "serve",
    "--listen",
    "127.0.0.1:0",
    "--data",
    place.data,
    "--namespace",
    place.namespace,
  ];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const end = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const url = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url) resolve({ child, url, end });
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
}

/** A server with ssh confirmed and dns waiting to be confirmed, killed without a word. */
async function killedWhileUnconfirmed(
  confirmWithin: number,
): Promise<{ revision: number; deadline: string }> {
  const { child, url, end } = await serve();
  const token = tokenOf(place);
  expect((await call(url, token, "PUT", "/config", { body: SSH })).status).toBe(200);
  const path = `/config?confirmWithin=${confirmWithin}`;
  const applied = await call(url, token, "PUT", path, { body: DNS });
  const { revision, state, deadline = "" } = applied.as(appliedSchema);
  expect(state, applied.text).toBe("unconfirmed");
  child.kill("SIGKILL");
  await end;
  expect(rulesIn(place.namespace, "ip")[0]).toMatch(/^-A @dns /);
  return { revision, deadline };
}

/** The system's clocks, some time later. */
const later = (ms: number): Clock => ({
  ...systemClock,
  now: () => systemClock.now() + ms,
  monotonic: () => systemClock.monotonic() + ms,
});

test("killed, started again in time: the rest of the time runs, then the old rules are back", async () => {
  const { revision, deadline } = await killedWhileUnconfirmed(3_600);
  // Two seconds before the deadline; real time does the rest.
  const clock = later(Date.parse(deadline) - systemClock.now() - 2_000);
  const lab = await startLab({ place, clock });
  try {
    const { state } = lab.running.parts.engine.state();
    // On a slow machine the two seconds may be over already; what must be true is the end.
    if (state !== "in-sync") {
      expect(state === "unconfirmed" || state === "applying").toBe(true);
      await lab.event("apply", (payload) => payload.state === "in-sync");
    }
    expect(lab.rules()[0]).toMatch(/^-A @ssh /);
    const status = (await lab.call("GET", "/status")).as(statusSchema);
    expect(status).toMatchObject({
      state: "in-sync",
      expired: { revision },
      running: { revision: revision - 1 },
    });
    expect((await lab.call("GET", "/draft", { headers: { accept: "text/plain" } })).text).toBe(DNS);
  } finally {
    await lab.stop();
  }
});

test("killed, started again, and the time ends while what is tried is put back in: the old rules are in force", async () => {
  const { revision, deadline } = await killedWhileUnconfirmed(3_600);
  // Some of the time is left by the clocks, which stand still, and its end comes at once.
  const ahead = Date.parse(deadline) - systemClock.now() - 500;
  const [wall, monotonic] = [systemClock.now() + ahead, systemClock.monotonic() + ahead];
  const clock: Clock = {
    ...systemClock,
    now: () => wall,
    monotonic: () => monotonic,
    after: (ms, done) => systemClock.after(ms < 1_000 ? 0 : ms, done),
  };
  const lab = await startLab({ place, clock });
  try {
    await expect.poll(() => lab.running.parts.engine.state().state).toBe("in-sync");
    expect(lab.running.parts.engine.state()).toMatchObject({ expired: { revision } });
    expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  } finally {
    await lab.stop();
  }
});

test("killed, started again too late: the old rules are back before the first answer", async () => {
  const { revision, deadline } = await killedWhileUnconfirmed(3_600);
  const lab = await startLab({ place, clock: later(Date.parse(deadline) - systemClock.now() + 1_000) });
  try {
    expect(lab.running.parts.engine.state()).toMatchObject({ state: "in-sync", expired: { revision } });
    expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  } finally {
    await lab.stop();
  }
});

test("killed, started again, confirmed: what was tried stays", async () => {
  const { revision } = await killedWhileUnconfirmed(3_600);
  const { child, url, end } = await serve();
  const token = tokenOf(place);
  const confirmed = await call(url, token, "POST", "/apply/confirm", { body: { revision } });
  expect(confirmed.json).toEqual({ revision, state: "confirmed" });
  child.kill("SIGTERM");
  await end;
  expect(rulesIn(place.namespace, "ip")[0]).toMatch(/^-A @dns /);
});

test("a machine that forgot its rules gets them back at the start", async () => {
  const first = await startLab({ place });
  await first.call("PUT", "/config", { body: SSH });
  await first.stop();
  expect(rulesIn(place.namespace, "ip")).toHaveLength(1);
  inNamespace(place.namespace, "iptables", "-t", "mangle", "-F");
  inNamespace(place.namespace, "iptables", "-t", "mangle", "-X");
  const again = await startLab({ place });
  try {
    expect(again.rules()[0]).toMatch(/^-A @ssh /);
    expect(again.running.parts.engine.state().state).toBe("in-sync");
  } finally {
    await again.stop();
  }
});

test("started with a narrower mask: a mark that it cannot hold is given anew, the others stay", async () => {
  const rule = (name: string, address: string) =>
    `flow ${name} director ${name}\n  match proto tcp dst ${address} dstport 25\n`;
  const first = await startLab({ place, flags: ["--mark-mask", "0xff00"] });
  for (const config of [rule("a", "10.0.0.1"), rule("b", "10.0.0.2") + rule("a", "10.0.0.1")]) {
    expect((await first.call("PUT", "/config", { body: config })).status).toBe(200);
  }
  // a has the index 1 and b has 2; without a, c takes 1 and d takes 3 and 4 is for e.
  const later = ["b", "c", "d", "e"].map((name, at) => rule(name, `10.0.0.${at + 2}`));
  expect((await first.call("PUT", "/config", { body: later.join("") })).status).toBe(200);
  expect((await first.call("PUT", "/config", { body: `${later[0]}${later[3]}` })).status).toBe(200);
  await first.stop();
  const again = await startLab({ place, flags: ["--mark-mask", "0x3"] });
  try {
    expect(again.running.parts.engine.state().state).toBe("in-sync");
    const marks = again.rules().filter((line) => line.includes("dport 25 -j MARK"));
    expect(marks.map((line) => /^-A @(.).*xmark (.*)$/.exec(line)?.slice(1))).toEqual([
      ["b", "0x2/0x3"],
      ["e", "0x1/0x3"],
    ]);
    expect(again.inside("ip", "rule")).not.toContain("0xff00");
  } finally {
    await again.stop();
  }
});

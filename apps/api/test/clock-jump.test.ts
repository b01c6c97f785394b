/**
 * Real servers whose wall clock jumps while something waits to be confirmed. The wall clock of the machine is not the
 * test's to set, so the server sees its own (wall-clock.ts); the other clocks, the timers and the kernel are real.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { appliedSchema, statusSchema } from "@flowmgr/flow-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import { call, makePlace, type Place, rulesIn, tokenOf } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";
const DAY = 86_400_000;
/** Seconds: long enough for a server to be killed and started within them on a busy machine. */
const WITHIN = 12;

let place: Place;
const children: ChildProcess[] = [];

beforeEach(() => {
  place = makePlace();
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await place.remove();
});

type Served = { child: ChildProcess; url: string };

const wallFile = () => join(place.data, "wall-clock");
const set = (ms: number) => writeFileSync(wallFile(), String(ms));

/** The real command. With `boot` the machine says that it has been started anew, to this process only. */
function serve(boot?: string): Promise<Served> {
  const node = [process.execPath, "--import", join(import.meta.dirname, "wall-clock.ts")];
  const main = [join(import.meta.dirname, "../src/main.ts"), "serve", "--listen", "127.0.0.1:0"];
  const argv = [...node, ...main, "--data", place.data, "--namespace", place.namespace];
  const bootId = join(place.data, "boot-id");
  if (boot !== undefined) {
    writeFileSync(bootId, `${boot}\n`);
    const mount = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
    argv.unshift("unshare", "--mount", "sh", "-c", mount, bootId);
  }
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, WALL_CLOCK: wallFile() },
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer) => {
      said += chunk.toString("utf8");
      const url = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url) resolve({ child, url });
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
}

function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}

const status = async ({ url }: Served) =>
  (await call(url, tokenOf(place), "GET", "/status")).as(statusSchema);

/** What waits to be confirmed; throws when nothing does. */
async function trial(server: Served) {
  const { state, unconfirmed } = await status(server);
  if (unconfirmed === null) throw new Error(`nothing waits to be confirmed: ${state}`);
  expect(state).toBe("unconfirmed");
  return unconfirmed;
}
const first = () => rulesIn(place.namespace, "ip")[0];

/** ssh is confirmed, dns is being tried; when its time is over by the clock that nobody sets. */
async function trying(within: number): Promise<{ server: Served; end: number }> {
  set(0);
  const server = await serve();
  const put = (path: string, body: string) => call(server.url, tokenOf(place), "PUT", path, { body });
  expect((await put("/config", SSH)).status).toBe(200);
  const before = systemClock.monotonic();
  const applied = await put(`/config?confirmWithin=${within}`, DNS);
  expect(applied.as(appliedSchema).state, applied.text).toBe("unconfirmed");
  const unconfirmed = await trial(server);
  const end = systemClock.monotonic() + unconfirmed.secondsLeft * 1000;
  expect(end - before).toBeGreaterThanOrEqual(within * 1000);
  return { server, end };
}

/** Waits until the old rules are back; gives when that was. */
async function back(server: Served): Promise<number> {
  for (;;) {
    const { state } = await status(server);
    if (state === "in-sync") return systemClock.monotonic();
    expect(["unconfirmed", "applying"]).toContain(state);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Seconds until somebody who guesses tokens may guess again. */
async function lockedOut(server: Served): Promise<number> {
  for (;;) {
    const { status, headers } = await call(server.url, "guess", "GET", "/status");
    if (status === 429) return Number(headers["retry-after"]);
    expect(status).toBe(401);
  }
}

test("killed, set forward or back by a day, started again: it goes back at its time and not before", async () => {
  const { server, end } = await trying(WITHIN);
  await kill(server.child);
  set(DAY);
  await kill((await serve()).child);
  set(-DAY);
  const again = await serve();
  const { state } = await status(again);
  // On a slow machine the time may be over already; then only the end can be told.
  if (systemClock.monotonic() < end - 500) {
    expect(state).toBe("unconfirmed");
    expect(first()).toMatch(/^-A @dns /);
  }
  expect(await back(again)).toBeGreaterThanOrEqual(end - 100);
  expect(first()).toMatch(/^-A @ssh /);
}, 180_000);

test("set while it runs: the deadline follows, the time does not; a start anew makes it no longer", async () => {
  const { server, end } = await trying(3_600);
  for (const jump of [DAY, -DAY]) {
    set(jump);
    const unconfirmed = await trial(server);
    const left = (end - systemClock.monotonic()) / 1000;
    expect(Math.abs(unconfirmed.secondsLeft - left)).toBeLessThan(5);
    const named = (Date.parse(unconfirmed.deadline) - Date.now() - jump) / 1000;
    expect(Math.abs(named - left)).toBeLessThan(5);
  }
  expect(await lockedOut(server)).toBeLessThanOrEqual(60);
  set(-2 * DAY);
  expect(await lockedOut(server)).toBeLessThanOrEqual(60);
  await kill(server.child);
  const again = await serve("another boot");
  const unconfirmed = await trial(again);
  expect(unconfirmed.secondsLeft).toBeLessThanOrEqual(3_600);
  await kill(again.child);
  // Nobody knows how long the machine was off: only the wall clock can tell that the time is over.
  set(DAY);
  expect((await status(await serve("a third boot"))).state).toBe("in-sync");
  expect(first()).toMatch(/^-A @ssh /);
}, 180_000);

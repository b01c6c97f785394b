/** One server killed at one boundary, started again, and what must be true then. */

import assert from "node:assert/strict";
import {
  appliedSchema,
  revisionDetailSchema,
  revisionListSchema,
  revisionSchema,
  statusSchema,
} from "@flowmgr/flow-api";
import type { Answer } from "../lab.ts";
import type { How } from "./boundaries.ts";
import { LONG, NEW, OLD, type Scenario } from "./scenarios.ts";
import type { Scene, Server } from "./server.ts";

/** How the kernel looks with either config, as it was when nobody was killed. */
export type Looks = { old: string; new: string };

export type Outcome = {
  /** What the server died at; null when it was through before. */
  died: string | null;
  answered: boolean;
  /** Which rules were in force after the restart. */
  inForce: "old" | "new";
  /** Milliseconds by which a deadline that outlived the kill was late; null when there was none to wait for. */
  late: number | null;
};

/** Milliseconds: a server on a busy machine, and what else there may be between a timer and rules that are back. */
const LATEST_MS = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function must(
  scene: Scene,
  server: Server,
  method: string,
  path: string,
  body?: string,
): Promise<Answer> {
  const answer = await scene.call(server, method, path, body === undefined ? {} : { body });
  assert.equal(answer?.status, 200, `${method} ${path}: ${answer?.text ?? "the connection broke"}`);
  if (answer === null) throw new Error("not reached");
  return answer;
}

async function served(scene: Scene): Promise<Server> {
  const server = await scene.serve();
  assert(server, "the server was killed though nobody was to");
  return server;
}

/** A server with OLD in force for good. */
export async function begin(scene: Scene, server: Server | null): Promise<Server> {
  scene.boundaries.arm();
  const up = await settle(scene, server ?? (await served(scene)));
  await must(scene, up, "PUT", "/config", OLD);
  return up;
}

/** Applies both twice: what they look like, and that this does not depend on what was there before. */
export async function looks(scene: Scene): Promise<{ looks: Looks; server: Server }> {
  const server = await begin(scene, null);
  const look = async (config: string) => {
    await must(scene, server, "PUT", "/config", config);
    return scene.kernel();
  };
  await look(NEW);
  const found = { old: await look(OLD), new: await look(NEW) };
  assert.deepEqual({ old: await look(OLD), new: await look(NEW) }, found);
  assert.notEqual(found.old, found.new);
  return { looks: found, server };
}

/** How many boundaries the scenario has, and what they are; the server is up again, or still, afterwards. */
export async function count(scene: Scene, scenario: Scenario, server: Server): Promise<[string[], Server]> {
  const ready = await scenario.prepare(scene, await begin(scene, server));
  scene.boundaries.arm();
  await scenario.act(scene, ready);
  const met = scene.boundaries.met();
  return [met, await settle(scene, ready ?? (await served(scene)))];
}

/** Kills at boundary `at` and asserts all that is promised. The server that it gives is up. */
export async function killAt(
  scene: Scene,
  scenario: Scenario,
  looks: Looks,
  server: Server,
  at: number | string,
  how: How,
): Promise<[Outcome, Server]> {
  const ready = await scenario.prepare(scene, await begin(scene, server));
  const running = scene.onDisk().running;
  scene.boundaries.arm(at, how);
  const answer = await scenario.act(scene, ready);
  // It may be killed a moment after its answer; a boundary that was not met kills nobody.
  const met = scene.boundaries.met();
  const died = typeof at === "number" ? (met[at - 1] ?? null) : await diedAt(ready, at);
  if (died !== null && ready) await ready.ended;
  if (died === null && ready) await scene.kill(ready);
  scene.boundaries.arm();
  const again = await served(scene);
  const inForce = await judge(scene, scenario, looks, again, answer, running);
  const late = await waitForTheEnd(scene, looks, again, answer);
  return [{ died, answered: answer !== null, inForce, late }, await settle(scene, again)];
}

/** Milliseconds that a SIGKILL may take. */
const DEAD_MS = 5_000;

async function diedAt(server: Server | null, words: string): Promise<string | null> {
  await Promise.race([server?.ended, pause(DEAD_MS)]);
  return server?.child.signalCode === "SIGKILL" ? words : null;
}

/** Kernel, disk, status and history say the same, and no less than the client was told. */
async function judge(
  scene: Scene,
  scenario: Scenario,
  looks: Looks,
  server: Server,
  answer: Answer | null,
  before: number | null,
): Promise<"old" | "new"> {
  const status = (await must(scene, server, "GET", "/status?verify=true")).as(statusSchema);
  const disk = scene.onDisk();
  const kernel = scene.kernel();
  assert(["in-sync", "unconfirmed"].includes(status.state), `${status.state}: ${status.detail}`);
  assert.equal(disk.at, status.state === "in-sync" ? "idle" : "unconfirmed");
  const trying = disk.at === "unconfirmed" ? disk.trying : null;
  const revision = trying ?? disk.running;
  assert.equal(status.running?.revision, revision);
  assert.equal(status.unconfirmed?.revision ?? null, trying);
  const inForce = (await must(scene, server, "GET", `/revisions/${revision}`)).as(revisionDetailSchema);
  assert.equal(inForce.running, true);
  assert.equal(inForce.outcome, trying === null ? "confirmed" : "unconfirmed");
  const which = inForce.text === OLD ? "old" : "new";
  assert.equal(inForce.text, which === "old" ? OLD : NEW);
  assert.equal(kernel, looks[which], `the kernel does not hold the ${which} rules, which the disk names`);
  assert(scenario.after(answer).includes(which), `${which} rules after ${scenario.name}`);
  const { revisions } = (await must(scene, server, "GET", "/revisions?limit=3")).as(revisionListSchema);
  for (const { id, outcome } of revisions) {
    assert.equal(outcome === "unconfirmed", id === trying, `revision ${id} ended ${outcome}`);
    if (which === "old" && id > (before ?? 0)) assert.notEqual(outcome, "confirmed");
  }
  if (answer !== null && scenario.answered !== undefined) {
    assert.equal(answer.status, 200, answer.text);
    const { revision, state } = answer.as(appliedSchema);
    assert.equal(state, scenario.answered);
    const told = await must(scene, server, "GET", `/revisions/${revision}`);
    assert.equal(told.as(revisionSchema).outcome, scenario.answered);
  }
  return which;
}

/** What waits to be confirmed goes back when it was said to, not before; a time that is long is only looked at. */
async function waitForTheEnd(
  scene: Scene,
  looks: Looks,
  server: Server,
  answer: Answer | null,
): Promise<number | null> {
  const { unconfirmed } = (await must(scene, server, "GET", "/status")).as(statusSchema);
  if (!unconfirmed) return null;
  const deadline = answer?.as(appliedSchema.partial()).deadline;
  assert.equal(deadline === undefined || near({ deadline }, unconfirmed), true);
  assert(unconfirmed.secondsLeft <= LONG);
  if (unconfirmed.secondsLeft > LONG / 2) return null;
  const end = performance.now() + unconfirmed.secondsLeft * 1000;
  for (;;) {
    const { state } = scene.onDisk().at === "idle" ? { state: "idle" } : { state: "waits" };
    const now = performance.now();
    if (state === "idle") {
      assert(now > end - 100, `it went back ${end - now} ms too early`);
      assert.equal(scene.kernel(), looks.old);
      return now - end;
    }
    assert(now < end + LATEST_MS, "it did not go back");
    await pause(20);
  }
}

/** The same moment, however often the server was started meanwhile. */
const near = (one: { deadline: string }, other: { deadline: string }) =>
  Math.abs(Date.parse(one.deadline) - Date.parse(other.deadline)) < 100;

/** Nothing waits any more. */
async function settle(scene: Scene, server: Server): Promise<Server> {
  scene.boundaries.arm();
  const { state, unconfirmed } = (await must(scene, server, "GET", "/status")).as(statusSchema);
  if (state === "applying") {
    await pause(50);
    return settle(scene, server);
  }
  if (!unconfirmed) return server;
  const body = { revision: unconfirmed.revision };
  const answer = await scene.call(server, "POST", "/apply/revert", { body });
  assert.equal(answer?.status, 200, answer?.text);
  return server;
}

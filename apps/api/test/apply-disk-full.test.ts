/**
 * A real server whose data directory is a small disk that is filled to the last byte, at rest and in the middle of an
 * apply. The disk is mounted in a mount namespace of its own and goes with it.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appliedSchema, problemSchema, revisionSchema, statusSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { NEW, OLD } from "./kill/scenarios.ts";
import { type Disk, emptyNamespace, makeScene, type Scene, type Server } from "./kill/server.ts";
import type { Answer } from "./lab.ts";

type SmallDisk = Disk & { fill(): void; free(): void; readOnly(yes: boolean): Promise<void>; end(): void };

/** 4 MB: some fifty times what the server needs for configs as small as these. */
async function smallDisk(): Promise<SmallDisk> {
  const inside = mkdtempSync(join(tmpdir(), "flowmgr-disk-"));
  const mount = `mount -t tmpfs -o size=4m,mode=700 small "$0" && echo there && cat`;
  const holder = spawn("unshare", ["--mount", "sh", "-c", mount, inside], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const outside = `/proc/${holder.pid}/root${inside}`;
  const through = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"];
  const filler = join(outside, "filler");
  return {
    inside,
    outside,
    through,
    fill() {
      for (const size of [65_536, 4_096, 1]) fillBy(filler, size);
    },
    free: () => rmSync(filler, { force: true }),
    async readOnly(yes) {
      const options = `remount,${yes ? "ro" : "rw"}`;
      const [program = "", ...words] = [...through, "mount", "-o", options, inside];
      const [code] = await once(spawn(program, words, { stdio: "inherit" }), "exit");
      expect(code).toBe(0);
    },
    end() {
      holder.stdin.end();
      rmSync(inside, { recursive: true, force: true });
    },
  };
}

function fillBy(file: string, size: number): void {
  for (;;) {
    try {
      writeFileSync(file, Buffer.alloc(size), { flag: "a" });
    } catch {
      return;
    }
  }
}

let disk: SmallDisk;
let scene: Scene;
let server: Server;
const looks = { old: "", new: "" };

async function up(): Promise<Server> {
  const served = await scene.serve();
  if (!served) throw new Error("it was killed");
  return served;
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await scene.call(server, method, path, body === undefined ? {} : { body });
  if (!answer) throw new Error("the connection broke");
  return answer;
}

const put = async (config: string, within = 0) => call("PUT", `/config?confirmWithin=${within}`, config);
const status = async () => (await call("GET", "/status")).as(statusSchema);

beforeAll(async () => {
  // A mount namespace has the network namespaces that had a name when it was made.
  const namespace = emptyNamespace();
  disk = await smallDisk();
  scene = makeScene("nft", namespace, disk);
  server = await up();
  expect((await put(NEW)).status).toBe(200);
  looks.new = scene.kernel();
  expect((await put(OLD)).status).toBe(200);
  looks.old = scene.kernel();
});
afterAll(async () => {
  await scene.remove();
  disk.end();
});
beforeEach(async () => {
  disk.free();
  const { unconfirmed } = await status();
  if (unconfirmed) await call("POST", "/apply/revert", { revision: unconfirmed.revision });
  expect((await put(OLD)).status).toBe(200);
  expect(scene.kernel()).toBe(looks.old);
});

const FULL = { status: 507, type: "urn:flowmgr:problem:storage" };

test("full: nothing is applied, and why and what to do is told; with room it is", async () => {
  disk.fill();
  const problem = (await put(NEW, 60)).as(problemSchema);
  expect(problem).toMatchObject(FULL);
  expect(problem.detail).toBe(
    "Nothing was changed. The data directory cannot be written: database or disk is full. Make room on its disk or mend it, then try again.",
  );
  expect(scene.kernel()).toBe(looks.old);
  expect(await status()).toMatchObject({ state: "in-sync", unconfirmed: null });
  disk.free();
  expect((await put(NEW)).json).toMatchObject({ changed: true, state: "confirmed" });
});

test("full while it waits: no confirming, but going back, and the history learns of it when there is room", async () => {
  const { revision } = (await put(NEW, 3_600)).as(appliedSchema);
  disk.fill();
  const confirmed = (await call("POST", "/apply/confirm", { revision })).as(problemSchema);
  expect(confirmed).toMatchObject(FULL);
  expect(confirmed.detail).toMatch(/^It was not confirmed, and is taken back when its time is up\. /);
  expect(await status()).toMatchObject({ state: "unconfirmed", unconfirmed: { revision } });
  const reverted = (await call("POST", "/apply/revert", { revision })).as(problemSchema);
  expect(reverted).toMatchObject(FULL);
  expect(reverted.detail).toMatch(/^The old rules are in force again\. .* is full\. Make room there: /);
  expect(scene.kernel()).toBe(looks.old);
  const { state, warnings } = await status();
  expect({ state, warnings }).toEqual({
    state: "in-sync",
    warnings: expect.arrayContaining([
      `The state cannot be written to ${disk.inside}: database or disk is full`,
    ]),
  });
  disk.free();
  expect((await put(NEW)).status).toBe(200);
  expect((await call("GET", `/revisions/${revision}`)).as(revisionSchema).outcome).toBe("reverted");
}, 180_000);

test("full, killed and started again: it goes back at its time all the same", async () => {
  const { revision } = (await put(NEW, 5)).as(appliedSchema);
  disk.fill();
  await scene.kill(server);
  server = await up();
  await expect.poll(async () => (await status()).state, { timeout: 120_000 }).toBe("in-sync");
  expect(scene.kernel()).toBe(looks.old);
  expect((await status()).expired?.revision ?? revision).toBe(revision);
}, 180_000);

/** Before the snapshot, before each change of the kernel. */
const STEPS = /^flock --wait 60|^ip netns exec \S+ (ip6?tables\S*-restore|ip -[46] -batch)/;

test("full in the middle of an apply: the new rules with their deadline, or the old ones", async () => {
  scene.boundaries.arm();
  await put(NEW);
  const met = scene.boundaries.met();
  await put(OLD);
  const outcomes = new Set<number>();
  for (const [index, label] of met.entries()) {
    if (!STEPS.test(label)) continue;
    const at = index + 1;
    scene.boundaries.first(at, `head -c 8M /dev/zero > ${join(disk.inside, "filler")} 2> /dev/null`);
    const answer = await put(NEW, 3_600);
    const { unconfirmed } = await status();
    const what = `${at} ${label}: ${answer.text}`;
    expect(scene.kernel(), what).toBe(answer.status === 200 ? looks.new : looks.old);
    expect(unconfirmed !== null, what).toBe(answer.status === 200);
    if (answer.status !== 200) {
      expect(answer.as(problemSchema).detail, what).toMatch(
        /othing was changed|the old rules are in force|The old rules are in force/,
      );
    }
    outcomes.add(answer.status);
    scene.boundaries.arm();
    disk.free();
    if (unconfirmed) await call("POST", "/apply/revert", { revision: unconfirmed.revision });
    expect(scene.kernel()).toBe(looks.old);
  }
  expect(outcomes.has(507)).toBe(true);
}, 300_000);

test("read-only: the server says so and does not start", async () => {
  await scene.kill(server);
  await disk.readOnly(true);
  try {
    await expect(up()).rejects.toThrow(/data directory|cannot (open|lock|use) .*(read-only|readonly)/i);
    expect(scene.kernel()).toBe(looks.old);
  } finally {
    await disk.readOnly(false);
    server = await up();
  }
});

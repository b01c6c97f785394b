/**
 * One apply at a time on this machine and target, whoever asks: two servers, a server and the command line.
 *
 * `flock` holds the lock as long as `cat` runs, and `cat` runs until our end of its input closes, so the lock ends
 * with us, also by SIGKILL; there is no stale lock to break. A byte sent through says when it is held.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { start } from "./run.ts";
import type { Target } from "./target.ts";

/** Not the data directory: two servers with different ones may have the same target. Root's only. */
const LOCKS = "/run/flowmgr";

/** Seconds to wait for another apply. A big one takes about ten, with its rollback twice that. */
const WAIT = 60;

export type Lock = { release(): Promise<void> };

/** Waits for the lock; throws when another process holds it for longer than a minute. */
export async function lock(target: Target): Promise<Lock> {
  mkdirSync(LOCKS, { recursive: true, mode: 0o700 });
  const child = start(["flock", "--wait", String(WAIT), lockFile(target), "cat"]);
  const ended = new Promise<void>((resolve) => {
    child.on("close", () => resolve());
    child.on("error", () => resolve());
  });
  const held = new Promise<boolean>((resolve) => {
    child.stdout.once("data", () => resolve(true));
    void ended.then(() => resolve(false));
  });
  child.stdin.on("error", () => undefined);
  child.stdin.write("\n");
  if (!(await held)) {
    throw new Error(
      `another process has been changing ${target.label} for more than ${WAIT} s; try again later`,
    );
  }
  return {
    release() {
      child.stdin.end();
      return ended;
    },
  };
}

function lockFile(target: Target): string {
  return join(LOCKS, `${target.id}.lock`);
}

/** Takes away the lock file of a target that is gone for good. */
export function forgetLock(target: Target): void {
  rmSync(lockFile(target), { force: true });
}

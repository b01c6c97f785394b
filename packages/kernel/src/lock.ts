/**
 * One apply at a time on this machine and target, whoever asks: two servers, a server and the command line.
 *
 * The kernel holds the lock as long as anyone has the file open that it was taken with: we, and every command that
 * we start under it. So it ends with us, also by SIGKILL, and there is no stale lock to break; but a restore that
 * outlives us keeps it to its end, and whoever comes next reads what is really there and not what is about to change.
 */
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { nothingChanged } from "./errors.ts";
import { complaint, letGo, run, succeeded } from "./run.ts";
import { type Stopwatch, timed } from "./stopwatch.ts";
import type { Target } from "./target.ts";

/** Not the data directory: two servers with different ones may have the same target. Root's only. */
export const LOCKS = "/run/flowmgr";

/** Seconds to wait for another apply. A big one takes about ten, with its rollback twice that. */
const WAIT = 60;

/**
 * Does the work under the lock, by a target whose commands hold it too. Throws KernelError when another process holds
 * it for longer than a minute.
 */
export async function underLock<Result>(
  target: Target,
  work: (locked: Target) => Promise<Result>,
  watch: Stopwatch = {},
): Promise<Result> {
  const file = await timed(watch, "lock", () => nothingChanged(() => takeLock(target)));
  let isHeld = true;
  try {
    return await work({
      ...target,
      run: async (argv, options) =>
        isHeld ? target.run(argv, { ...options, keep: file }) : { argv, ...TOO_LATE },
    });
  } finally {
    isHeld = false;
    letGo(file);
    closeSync(file);
  }
}

/**
 * What a command comes to that one of several at once asks for when another has failed, and with it the work: the number
 * of the file may be that of another by then.
 */
const TOO_LATE = {
  status: null,
  stdout: "",
  stderr: "the lock was given back",
  failure: "unstarted",
} as const;

/** Gives the open file that holds it. */
async function takeLock(target: Target): Promise<number> {
  mkdirSync(LOCKS, { recursive: true, mode: 0o700 });
  const file = openSync(lockFile(target), "a", 0o600);
  const limit = (WAIT + 10) * 1000 * target.patience;
  const ran = await run(["flock", "--wait", String(WAIT), "3"], { keep: file, limit });
  if (succeeded(ran)) return file;
  letGo(file);
  closeSync(file);
  // 1 is what flock says for a lock that it did not get in time, and also when it has failed; then it says why.
  if (ran.status !== 1 || ran.stderr !== "") throw new Error(complaint(ran));
  throw new Error(
    `another process has been changing ${target.label} for more than ${WAIT} s; try again later`,
  );
}

function lockFile(target: Target): string {
  return join(LOCKS, `${target.id}.lock`);
}

/** Takes away the lock file of a target that is gone for good. */
export function forgetLock(target: Target): void {
  rmSync(lockFile(target), { force: true });
}

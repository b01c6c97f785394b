/**
 * Boundaries of a real server: each process that it starts, each transaction that it commits, each file that it puts in
 * place. They are numbered as they are met, and at one of them the server gets a SIGKILL: before it, after it, or while
 * the process that it started goes on.
 *
 * Processes are met by wrappers in PATH in front of the real commands. The server starts the real command line with
 * `--import` of this file, which meets the rest inside it.
 */
import fs, { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { KILL_SERVER, numbered } from "@flowmgr/kernel/testing";

export const HOWS = ["before", "during", "after"] as const;
export type How = (typeof HOWS)[number];

/** What the server starts by itself; `ip netns exec` and `unshare` start the others. */
const COMMANDS = ["ip", "unshare", "flock"];

/** In the shell of a wrapper. */
const KILLS: Record<How, string> = {
  before: `${KILL_SERVER}; exit 1`,
  during: KILL_SERVER,
  after: `$real "$@"; status=$?; ${KILL_SERVER}; exit $status`,
};

/** The variable that names the directory of the numbers to a server. */
const VARIABLE = "KILL_AT";

export type Boundaries = {
  /** What a server has to be started with to meet them. */
  env: NodeJS.ProcessEnv;
  nodeFlags: string[];
  /**
   * Counts from 1 again; the server dies at this number, or at the first process whose words a pattern of the shell
   * fits. Without either nobody does.
   */
  arm(at?: number | string, how?: How): void;
  /** Counts from 1 again; behind each process from number `at` on, `body` is done in shell first. */
  first(at: number, body: string): void;
  /** What was met since then, in order: `ip netns exec ...`, `commit`, `rename FILE`. */
  met(): string[];
  remove(): void;
};

export function makeBoundaries(): Boundaries {
  const tools = numbered(COMMANDS, process.env.PATH ?? "");
  const inside = insideOf(tools.taken);
  return {
    env: {
      ...process.env,
      PATH: tools.path,
      [VARIABLE]: tools.taken,
      // Hundreds of starts of the same files.
      NODE_COMPILE_CACHE: `${tools.taken}-compiled`,
    },
    nodeFlags: ["--import", import.meta.filename],
    arm(at, how = "before") {
      rmSync(inside, { force: true });
      if (typeof at === "string") {
        tools.arm(1, `case "$*" in ${at}) ${KILLS[how]} ;; esac`, true);
      } else {
        tools.arm(at, KILLS[how]);
        if (at !== undefined) writeFileSync(inside, `${at} ${how}`);
      }
    },
    first(at, body) {
      rmSync(inside, { force: true });
      tools.arm(at, body, true);
    },
    met: tools.met,
    remove: tools.remove,
  };
}

/** What the server itself reads: the number and the way. */
const insideOf = (taken: string) => `${taken}-inside`;

/** The same inside the server. */
function meet<Result>(directory: string, label: string, work: () => Result): Result {
  let number = 1;
  while (!taken(join(directory, String(number)), label)) number += 1;
  const target = insideOf(directory);
  const [at, how] = existsSync(target) ? readFileSync(target, "utf8").split(" ") : [];
  const here = Number(at) === number;
  if (here && how === "before") process.kill(process.pid, "SIGKILL");
  const result = work();
  if (here) process.kill(process.pid, "SIGKILL");
  return result;
}

function taken(file: string, label: string): boolean {
  try {
    writeFileSync(file, label, { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

const directory = process.env[VARIABLE];
if (directory !== undefined) {
  const exec = DatabaseSync.prototype.exec;
  DatabaseSync.prototype.exec = function (sql) {
    const work = () => exec.call(this, sql);
    return sql === "COMMIT" ? meet(directory, "commit", work) : work();
  };
  const rename = fs.renameSync;
  fs.renameSync = (from, to) => meet(directory, `rename ${to}`, () => rename(from, to));
  syncBuiltinESMExports();
}

/**
 * The process gives itself little room for garbage and begins anew in the same process id, so that npm, systemd, a
 * container and a shell all run the same.
 *
 * By itself V8 keeps 64 MB of new space for each thread and lets a heap double before it collects, and glibc keeps
 * what a text of 12 MB took for as long as the process lives: together more than all that ten thousand flows are.
 */
import { run, succeeded } from "@flowmgr/kernel/run";

/**
 * Megabytes of a half of the new space, and by how much a heap may grow beyond what is alive. Smaller ones cost time:
 * 1 MB and 10 % double what compiling takes.
 */
const ROOM = ["--max-semi-space-size=8", "--heap-growing-percent=50"];

/** What was made of the sources names them in stack traces; the threads have it too. */
const NAMES = "--enable-source-maps";

/** glibc reads these only as a process begins: one arena for all threads, and large blocks go back when they are free. */
const BLOCKS = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "131072",
};

/**
 * Returns in a process that has the flags, or cannot have them: it then goes on with what it has. What the operator
 * has decided stays, be it by flags, NODE_OPTIONS or MALLOC_ variables; who gives them all has nothing begun anew.
 */
export async function beginAnew(process: NodeJS.Process): Promise<void> {
  const { execArgv, argv, execPath, env } = process;
  const given = new Set([...execArgv, ...(env.NODE_OPTIONS ?? "").split(/\s+/)].map(nameOf));
  const missing = [...ROOM, NAMES].filter((flag) => !given.has(nameOf(flag)));
  // Where node may not begin anew it aborts, so another process tries it first.
  if (
    process.execve &&
    missing.length > 0 &&
    succeeded(await run([execPath, ...missing, "--version"], { itself: true }))
  ) {
    process.execve(execPath, [execPath, ...missing, ...execArgv, ...argv.slice(1)], { ...BLOCKS, ...env });
  }
  // What we start has its own way with memory.
  for (const [name, value] of Object.entries(BLOCKS)) if (env[name] === value) delete env[name];
}

/** V8 takes `_` for `-`. */
const nameOf = (flag: string): string => flag.split("=", 1).join().replaceAll("_", "-");

/**
 * How the process begins: the only reader of process.env and argv. It gives itself little room for garbage and begins
 * anew in the same process id, so that npm, systemd, a container and a shell all run the same; then it is the command.
 *
 * By itself V8 keeps 64 MB of new space for each thread and lets a heap double before it collects, and glibc keeps
 * what a text of 12 MB took for as long as the process lives: together more than all that ten thousand flows are.
 */

/**
 * Megabytes of a half of the new space, and by how much a heap may grow beyond what is alive. Smaller ones cost time:
 * 1 MB and 10 % double what compiling takes.
 */
const ROOM = ["--max-semi-space-size=8", "--heap-growing-percent=50"];

/** glibc reads these only as a process begins: one arena for all threads, and large blocks go back when they are free. */
const BLOCKS = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "131072",
  MALLOC_TRIM_THRESHOLD_: "131072",
};

const { execArgv, argv, execPath } = process;
// Of a flag that is there twice V8 takes the last one: what the operator gave to node goes before ours.
if (process.execve && !ROOM.every((flag) => execArgv.includes(flag))) {
  process.execve(execPath, [execPath, ...ROOM, ...execArgv, ...argv.slice(1)], { ...process.env, ...BLOCKS });
}
// What we start has its own way with memory.
for (const name of Object.keys(BLOCKS)) delete process.env[name];
// Only now, or all that the command is made of would be read twice.
const { runCommand } = await import("./command.ts");
process.exitCode = await runCommand(argv.slice(2), process.env);

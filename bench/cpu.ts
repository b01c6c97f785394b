/** Milliseconds of the processor: what others do on the machine changes them little, and the clock's a lot. */
import { readFileSync } from "node:fs";

/** One run of `work`; what it gave, and what it cost this process, its collector of garbage included. */
export function spent<Result>(work: () => Result): { result: Result; ms: number } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, ms: (user + system) / 1000 };
}

/** The middle of several rounds; `make` gives each round a subject of its own and is not counted. */
export function median<Subject>(
  rounds: number,
  make: () => Subject,
  work: (subject: Subject) => unknown,
): number {
  const times = Array.from({ length: rounds }, () => {
    const subject = make();
    return spent(() => work(subject)).ms;
  });
  return times.sort((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
}

/**
 * Of this process, of the commands that it has waited for, and of the process that starts them for it. proc(5) counts all but
 * the first in hundredths of a second.
 */
export function processors(): number {
  const { user, system } = process.cpuUsage();
  const living = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
  const ticks = [ticksOf("self").slice(2), ...living.map(ticksOf)].flat();
  return (user + system) / 1000 + ticks.reduce((sum, each) => sum + each, 0) * 10;
}

/** What a process took as a program and in the kernel, and what those took that it has waited for. */
function ticksOf(process: string): number[] {
  const [, rest = ""] = readFileSync(`/proc/${process}/stat`, "utf8").split(") ");
  return rest.split(" ").slice(11, 15).map(Number);
}

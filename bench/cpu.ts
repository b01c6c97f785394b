/** Milliseconds of the processor: what others do on the machine changes them little, and the clock's a lot. */

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

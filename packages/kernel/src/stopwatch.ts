/** Milliseconds by step. */
export type Stopwatch = { [step: string]: number };

/** Does the work and adds what it took, whatever becomes of it. */
export async function timed<Result>(
  watch: Stopwatch,
  step: string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    watch[step] = (watch[step] ?? 0) + performance.now() - began;
  }
}

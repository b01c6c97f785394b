/** A while after which work that nobody waits for is begun where the browser does not say when it is idle, ms. */
const LATER = 200;

/** Runs the task once the browser has nothing else to do; gives what keeps it from that. Safari has no such moment. */
export function whenIdle(task: () => void): () => void {
  if (typeof requestIdleCallback === "function") {
    const handle = requestIdleCallback(task);
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(task, LATER);
  return () => clearTimeout(timer);
}

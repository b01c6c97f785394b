/** How long each step of a plan or an apply took: the header `Server-Timing`, which browsers and `curl -i` show. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Api } from "../api.ts";

/** Milliseconds by step, in the order in which they ended. */
type Steps = Map<string, number>;

const steps = new AsyncLocalStorage<Steps>();

/** Routes of this scope answer with the steps that were `timed` for them, those with none by `total` alone. */
export function registerTiming(app: Api): void {
  const began = new WeakMap<object, number>();
  const since = (request: object) => performance.now() - (began.get(request) ?? performance.now());
  app.addHook("onRequest", async (request) => void began.set(request, performance.now()));
  app.addHook("preHandler", (request, _reply, done) => {
    // Until now the body came in and was read; what is entered before that is lost with it.
    steps.run(new Map([["body", since(request)]]), done);
  });
  app.addHook("onSend", async (request, reply) => {
    const taken = [...(steps.getStore() ?? []), ["total", since(request)] as const];
    reply.header("Server-Timing", taken.map(([step, ms]) => `${step};dur=${ms.toFixed(1)}`).join(", "));
  });
}

/** Does the work as a step of the present request, whatever becomes of it. `step`: an HTTP token. */
export async function timed<Result>(step: string, work: () => Result | Promise<Result>): Promise<Result> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    took(step, performance.now() - began);
  }
}

/** Milliseconds that a step of the present request took; of one that is done again, all together. */
export function took(step: string, ms: number): void {
  const store = steps.getStore();
  store?.set(step, (store.get(step) ?? 0) + ms);
}

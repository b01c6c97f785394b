/** So many in a window of time, per key. In memory: a restart forgets, and that is fine. */
import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Clock } from "../parts.ts";
import { Problem } from "../problem.ts";

/** Callers that are remembered; who has called least lately is forgotten first. */
const KEPT = 5_000;

/**
 * What @fastify/rate-limit counts in, by a clock that nobody sets: once the wall clock is set back, a window of its
 * own store would last as long as the jump, and lock everybody out.
 */
export function monotonicStore(clock: Clock): FastifyRateLimitStoreCtor {
  return class Store {
    readonly #windows = new Map<string, { current: number; end: number }>();

    incr(key: string, callback: Parameters<FastifyRateLimitStore["incr"]>[1], timeWindow: number): void {
      const now = clock.monotonic();
      const found = this.#windows.get(key);
      const window = found && now < found.end ? found : { current: 0, end: now + timeWindow };
      window.current += 1;
      this.#windows.delete(key);
      this.#windows.set(key, window);
      const [oldest] = this.#windows.keys();
      if (this.#windows.size > KEPT && oldest !== undefined) this.#windows.delete(oldest);
      callback(null, { current: window.current, ttl: window.end - now });
    }

    child(): Store {
      return new Store();
    }
  };
}

export type Limit = {
  most: number;
  windowMs: number;
  /** By what it counts; default: the caller's address, of IPv6 the /64. */
  key?: (request: FastifyRequest) => string;
  /** The sentence of the 429. */
  detail: string;
};

/** Gives a call that counts one and throws Problem 429 when that is more than the window takes. */
export function limit(
  app: FastifyInstance,
  { most, windowMs, key, detail }: Limit,
): (request: FastifyRequest) => Promise<void> {
  const count = app.createRateLimit({
    max: most,
    timeWindow: windowMs,
    ...(key ? { keyGenerator: key } : {}),
  });
  return async (request) => {
    const counted = await count(request);
    if (counted.isAllowed || !counted.isExceeded) return;
    const seconds = Math.max(1, counted.ttlInSeconds);
    throw new Problem({
      status: 429,
      code: "too-many-requests",
      title: "Too many requests",
      detail: `${detail} Try again in ${seconds} s.`,
      headers: { "Retry-After": String(seconds) },
    });
  };
}

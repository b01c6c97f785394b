/** So many in a window of time, per key. In memory: a restart forgets, and that is fine. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "../problem.ts";

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

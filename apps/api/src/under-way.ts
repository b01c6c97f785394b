/** How many requests somebody waits for. Event streams are none: they have no end to wait for, and a page always has one open. */
import type { FastifyInstance } from "fastify";

export type Requests = {
  /** Those under way. */
  count(): number;
  /** `listener` hears of each one that ends, whatever way: answered, or cut by the client. */
  ended(listener: () => void): void;
};

/** From here on, so before the routes. */
export function countRequests(app: FastifyInstance): Requests {
  let underWay = 0;
  const listeners: (() => void)[] = [];
  const isStream = (url: string | undefined) => url?.endsWith("/events") ?? false;
  app.addHook("onRequest", async (request, reply) => {
    if (isStream(request.routeOptions.url)) return;
    underWay += 1;
    reply.raw.once("close", () => {
      underWay -= 1;
      for (const listener of listeners) listener();
    });
  });
  return { count: () => underWay, ended: (listener) => void listeners.push(listener) };
}

/**
 * Large bodies take turns. Ten thousand flows keep the server's thread busy for a quarter of a second, and twenty of
 * them that come at once would keep everybody else waiting until the last one is done: so one is worked on at a time,
 * and whoever waits with something small comes in between.
 */
import { setImmediate as others } from "node:timers/promises";
import type { FastifyRequest } from "fastify";
import type { Api } from "./api.ts";
import { secretOf } from "./auth/guard.ts";
import { Problem } from "./problem.ts";

/** Bytes from which a body is large: what is smaller takes less than 20 ms. */
const LARGE = 128 * 1024;

/** Large bodies that one session or token has under way: each may be 16 MB, and all of them are in memory. */
const MOST = 8;

export type LargeBodies = {
  /** Waits for the turn of a large body. Called when all of it is there: a slow line keeps nobody waiting. */
  begin(request: FastifyRequest): Promise<void>;
  /** For the scope of the guard: its callers are counted. */
  register(api: Api): void;
};

export function largeBodies(): LargeBodies {
  const underWay = new Map<string, number>();
  /** Ends a turn, by request: only large ones have one. */
  const ends = new WeakMap<FastifyRequest, () => void>();
  let last: Promise<void> = Promise.resolve();
  return {
    async begin(request) {
      // Not even when whoever sent it has gone meanwhile.
      if (!ends.has(request)) return;
      const before = last;
      const own = new Promise<void>((end) => ends.set(request, end));
      last = before.then(() => own);
      await before;
      await others();
    },
    register(api) {
      api.addHook("preParsing", async (request, reply) => {
        if (!isLarge(request)) return;
        const caller = secretOf(request);
        const now = underWay.get(caller) ?? 0;
        if (now >= MOST) throw tooMany();
        underWay.set(caller, now + 1);
        ends.set(request, () => undefined);
        reply.raw.once("close", () => {
          ends.get(request)?.();
          ends.delete(request);
          const left = (underWay.get(caller) ?? 1) - 1;
          if (left === 0) underWay.delete(caller);
          else underWay.set(caller, left);
        });
      });
      // Reading, looking at the shape and answering are each a piece of work of their own.
      api.addHook("preValidation", async (request) => {
        if (ends.has(request)) await others();
      });
      api.addHook("preHandler", async (request) => {
        if (!ends.has(request)) return;
        await others();
        // What an answer waits for, as an apply does, is no work of this thread: the turn is over behind the first step.
        setImmediate(() => ends.get(request)?.());
      });
    },
  };
}

/** Also one that does not say how long it is. */
function isLarge({ headers }: FastifyRequest): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) >= LARGE;
}

function tooMany(): Problem {
  return new Problem({
    status: 429,
    code: "too-many-large-bodies",
    title: "Too many large bodies at once",
    detail: `You have ${MOST} calls with more than ${LARGE / 1024} kB under way. Send the next one when one of them is answered.`,
    headers: { "Retry-After": "1" },
  });
}

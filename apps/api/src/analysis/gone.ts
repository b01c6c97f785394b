/** Whoever asked has gone. */
import type { FastifyReply } from "fastify";

/** Aborts when the connection of a request ends before its answer is sent. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

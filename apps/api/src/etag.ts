/** ETags of answers, and 304 for who has the answer already. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** The digest that stands in an ETag: of two texts that differ it differs. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

/** An ETag as it stands in a header. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/**
 * True when the header names the tag. `W/` and missing quotes are let pass: a proxy that compresses makes tags weak,
 * and shell scripts lose quotes; a tag made from the content is never close to another.
 */
export function matches(ifMatch: string, etag: string): boolean {
  return ifMatch.split(",").some((part) => {
    const tag = part.trim().replace(/^W\//, "").replaceAll('"', "");
    return tag === "*" || tag === etag;
  });
}

/**
 * Puts the ETag of a reading into its answer; true when the caller has it already and the answer is a 304, which costs
 * nothing of what the answer would.
 */
export function hasAlready(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  etag: string,
): boolean {
  reply.header("ETag", quoted(etag));
  if (!matches(request.headers["if-none-match"] ?? "", etag)) return false;
  reply.code(304);
  return true;
}

/**
 * Every other reading has the digest of its answer as ETag: it is made, and not sent a second time. Before what packs
 * answers, which are streams from there on.
 */
export function registerEtags(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    const made = request.method === "GET" && reply.statusCode === 200 && typeof payload === "string";
    if (made && !reply.hasHeader("ETag")) hasAlready({ request, reply }, digestOf(payload));
    if (reply.statusCode !== 304) return payload;
    reply.removeHeader("Content-Type").removeHeader("Content-Length");
    return null;
  });
}

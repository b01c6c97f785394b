/** Large answers that many ask for: packed once for all of them. */
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";

/** As `@fastify/compress` packs: the best ratio of what keeps up with a line. */
const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
const pack = promisify(brotliCompress);

/** Whether who asks says that he takes what is packed so. */
export function takes({ headers }: FastifyRequest, encoding: "br" | "gzip"): boolean {
  const refused = "(?!\\s*;\\s*q=0(\\.0*)?\\b)";
  return new RegExp(`\\b${encoding}\\b${refused}`).test(String(headers["accept-encoding"] ?? ""));
}

/**
 * Gives what sends an answer packed, the last one kept by its key: `make` is asked when it is another, or when the
 * caller does not take brotli. The type is set already. What could not be packed is an error of that call, and not kept.
 */
export function packer(): (
  call: { request: FastifyRequest; reply: FastifyReply },
  key: string,
  make: () => string,
) => Promise<FastifyReply> {
  let kept: { key: string; packed: Promise<Buffer> } | null = null;
  return async ({ request, reply }, key, make) => {
    if (!takes(request, "br")) return reply.send(make());
    if (kept?.key !== key) kept = { key, packed: pack(make(), QUALITY) };
    const asked = kept;
    const body = await asked.packed.catch((error: unknown) => {
      if (kept === asked) kept = null;
      throw error;
    });
    return reply.headers({ "Content-Encoding": "br", Vary: "Accept, Accept-Encoding" }).send(body);
  };
}

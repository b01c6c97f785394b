/** JSON or the flow language: what the caller wants to read. */
import type { FastifyRequest } from "fastify";

/** True when `Accept` prefers text/plain to JSON; JSON when it likes both the same, or says nothing. */
export function wantsText(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? "*/*";
  return quality(accept, ["text/plain", "text/*"]) > quality(accept, ["application/json", "application/*"]);
}

/** The highest q that a header gives one of these types, or `*` + `/*`, which stands for both. */
function quality(accept: string, types: string[]): number {
  let best = 0;
  for (const range of accept.split(",")) {
    const [type = "", ...parameters] = range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2) ?? "1";
    if (types.includes(type) || type === "*/*") best = Math.max(best, Number(q) || 0);
  }
  return best;
}

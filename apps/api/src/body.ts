/** Bodies: JSON and plain text, UTF-8 both; what is malformed is named with line and column. */
import type { FastifyInstance } from "fastify";
import { jsonErrorOffset, lineAndColumn } from "./json-place.ts";
import { Problem } from "./problem.ts";

/**
 * Bytes. Ten thousand flows are 1 MB of text and some 8 MB of indented JSON; twice that leaves room, and a body
 * of this size still parses in a second.
 */
export const BODY_LIMIT = 16 * 1024 * 1024;

export function registerBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: unknown, body: Buffer) => parseJson(decode(body)),
  );
  app.addContentTypeParser(
    "text/plain",
    { parseAs: "buffer" },
    async (request: { headers: Headers }, body: Buffer) => {
      const charset = /;\s*charset="?([^";\s]+)/i.exec(request.headers["content-type"] ?? "")?.[1] ?? "utf-8";
      if (/^(utf-?8|us-ascii)$/i.test(charset)) return decode(body);
      throw new Problem({
        status: 415,
        code: "unsupported-charset",
        title: "Unsupported character set",
        detail: `Text is taken as UTF-8, not as ${charset}.`,
      });
    },
  );
}

type Headers = { "content-type"?: string | undefined };

function decode(body: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new Problem({
      status: 400,
      code: "malformed-text",
      title: "Malformed text",
      detail: "The body is not UTF-8. Save the file as UTF-8 and send it again.",
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformedJson(text);
  }
}

function malformedJson(text: string): Problem {
  const offset = jsonErrorOffset(text);
  const { line, column } = lineAndColumn(text, offset);
  const found = text[offset];
  const message =
    found === undefined ? "the JSON breaks off here" : `${JSON.stringify(found)} cannot stand here in JSON`;
  return new Problem({
    status: 400,
    code: "malformed-json",
    title: "Malformed JSON",
    detail: `Line ${line}, column ${column}: ${message}.`,
    diagnostics: [
      {
        code: "malformed-json",
        severity: "error",
        message,
        help: "send one JSON value, strings and field names in double quotes, no comma before a closing bracket",
        line,
        column,
        endLine: line,
        endColumn: found === undefined ? column : column + 1,
      },
    ],
  });
}

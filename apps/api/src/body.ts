/** Bodies: JSON and plain text, UTF-8 both; what is malformed is named with line and column. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { jsonErrorOffset, lineAndColumn, repeatedField, survey } from "./json-place.ts";
import { Problem } from "./problem.ts";

/**
 * Bytes. Ten thousand flows are 1 MB of text and some 8 MB of indented JSON; twice that leaves room, and a body
 * of this size still parses in a second.
 */
export const BODY_LIMIT = 16 * 1024 * 1024;

/** Nesting of a body. A config needs nine; what walks it may recurse without asking how deep. */
const DEEPEST = 64;

/** Values in a body: ten thousand flows of three rules are 700 000. Each wrong one costs a kilobyte to complain of. */
const MOST_VALUES = 1_000_000;

/** `begin`: waits until it is the turn of a body. */
export function registerBodies(
  app: FastifyInstance,
  begin: (request: FastifyRequest) => Promise<void>,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (request: FastifyRequest, body: Buffer) => {
      await begin(request);
      return parseJson(decode(body));
    },
  );
  app.addContentTypeParser(
    "text/plain",
    { parseAs: "buffer" },
    async (request: FastifyRequest, body: Buffer) => {
      await begin(request);
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

/** JSON.parse would take a repeated field's last value in silence: a rule that does not say what its author meant. */
function parseJson(text: string): unknown {
  const { fields, values, tooDeep } = survey(text, DEEPEST);
  if (tooDeep !== null)
    throw badJson(text, tooDeep, 1, "this nests too deep", `nest at most ${DEEPEST} deep`);
  if (values > MOST_VALUES) {
    throw new Problem({
      status: 413,
      code: "body-too-large",
      title: "Body too large",
      detail: `The body holds more than ${MOST_VALUES} values. A config as text/plain holds more.`,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedJson(text);
  }
  const repeated = fieldsOf(value) === fields ? null : repeatedField(text);
  if (repeated === null) return value;
  const name = /^"[^"]{0,40}"/.exec(text.slice(repeated, repeated + 42))?.[0] ?? "this field";
  throw badJson(
    text,
    repeated,
    name.length,
    `${name} stands here twice`,
    "name each field of an object once",
  );
}

function fieldsOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const values: unknown[] = Object.values(value);
  const own = Array.isArray(value) ? 0 : values.length;
  return values.reduce<number>((sum, one) => sum + fieldsOf(one), own);
}

function malformedJson(text: string): Problem {
  const offset = jsonErrorOffset(text);
  const found = text[offset];
  const message =
    found === undefined ? "the JSON breaks off here" : `${JSON.stringify(found)} cannot stand here in JSON`;
  const help =
    "send one JSON value, strings and field names in double quotes, no comma before a closing bracket";
  return badJson(text, offset, found === undefined ? 0 : 1, message, help);
}

function badJson(text: string, offset: number, length: number, message: string, help: string): Problem {
  const { line, column } = lineAndColumn(text, offset);
  const place = { line, column, endLine: line, endColumn: column + length };
  return new Problem({
    status: 400,
    code: "malformed-json",
    title: "Malformed JSON",
    detail: `Line ${line}, column ${column}: ${message}.`,
    diagnostics: [{ code: "malformed-json", severity: "error", message, help, ...place }],
  });
}

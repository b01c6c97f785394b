/**
 * The only writer of error bodies: RFC 9457 problem documents, with the diagnostics of the language in them.
 * What is thrown as a `Problem` is meant for the caller; anything else is logged and answered as "internal".
 */
import type { Problem as ProblemDocument } from "@flowmgr/flow-api";
import type { Diagnostic } from "@flowmgr/flow-model";
import type { FastifyInstance, FastifyReply } from "fastify";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

type ProblemFields = {
  status: number;
  /** Stable, kebab-case, for programs; becomes `urn:flowmgr:problem:CODE`. */
  code: string;
  /** What kind of problem, the same for every occurrence. */
  title: string;
  /** What happened this time and what to do, a sentence for a person. */
  detail: string;
  diagnostics?: Diagnostic[];
  /** Further members of the document, e.g. the newer ETag of a 412. */
  extra?: Partial<Pick<ProblemDocument, "etag" | "changedBy" | "changedAt">>;
  /** Headers that the status calls for: `Retry-After`, `WWW-Authenticate`, `Allow`. */
  headers?: Record<string, string>;
};

/** An error that is an answer. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly diagnostics: Diagnostic[];
  readonly extra: NonNullable<ProblemFields["extra"]>;
  readonly headers: Record<string, string>;

  constructor(fields: ProblemFields) {
    super(`${fields.title}: ${fields.detail}`);
    this.name = "Problem";
    this.status = fields.status;
    this.code = fields.code;
    this.title = fields.title;
    this.detail = fields.detail;
    this.diagnostics = fields.diagnostics ?? [];
    this.extra = fields.extra ?? {};
    this.headers = fields.headers ?? {};
  }

  document(): ProblemDocument {
    const { status, code, title, detail, diagnostics, extra } = this;
    return {
      type: `urn:flowmgr:problem:${code}`,
      title,
      status,
      detail,
      diagnostics,
      ...extra,
    };
  }
}

/** 404 for a thing that a path names. */
export function notFound(detail: string): Problem {
  return new Problem({
    status: 404,
    code: "not-found",
    title: "Not found",
    detail,
  });
}

/** Where a problem that nobody named for the caller is written down. */
type Log = (error: unknown) => void;

/** Makes every error of the app a problem document. `log` gets what must not be told. */
export function registerProblems(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, _request, reply) => {
    const problem = asProblem(error);
    if (problem.status >= 500 && problem.code === "internal") log(error);
    return sendProblem(reply, problem);
  });
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  // A string, so that no response schema of the route is asked about it.
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problem.document()));
}

/** What fastify itself refuses, by its error code, in our words. */
const REFUSED: Record<string, Omit<ProblemFields, "status">> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: "body-too-large",
    title: "Body too large",
    detail: "The body is larger than this call takes.",
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: "unsupported-media-type",
    title: "Unsupported media type",
    detail: "Send the body as application/json, or a config also as text/plain.",
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: "bad-content-length",
    title: "Bad request",
    detail: "The body is not as long as Content-Length says.",
  },
};

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = member(error, "code");
  const statusCode = Number(member(error, "statusCode") || 500);
  const refused = REFUSED[code];
  if (refused) return new Problem({ status: statusCode, ...refused });
  if (statusCode >= 400 && statusCode < 500) {
    return new Problem({
      status: statusCode,
      code: "bad-request",
      title: "Bad request",
      detail: "The request cannot be read.",
    });
  }
  return new Problem({
    status: 500,
    code: "internal",
    title: "Internal error",
    detail: "Something went wrong here, not in the request. The server's log says what.",
  });
}

function member(error: unknown, name: "code" | "statusCode"): string {
  return error instanceof Error && name in error ? String(Reflect.get(error, name)) : "";
}

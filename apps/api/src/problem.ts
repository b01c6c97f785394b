/**
 * The only writer of error bodies: RFC 9457 problem documents, with the diagnostics of the language in them.
 * What is thrown as a `Problem` is meant for the caller; anything else is logged and answered as "internal".
 */

import type { Socket } from "node:net";
import type { Problem as ProblemDocument } from "@flowmgr/flow-api";
import type { Diagnostic } from "@flowmgr/flow-model";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isDiskError } from "./store/database.ts";

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
  FST_CP_ERR_INVALID_CONTENT_ENCODING: {
    code: "unsupported-encoding",
    title: "Unsupported encoding",
    detail: "A body may be packed with gzip, br, deflate or zstd, as Content-Encoding says, or not at all.",
  },
  FST_CP_ERR_INVALID_CONTENT: {
    code: "malformed-encoding",
    title: "Malformed body",
    detail: "The body is not packed as Content-Encoding says.",
  },
  FST_ERR_BAD_URL: {
    code: "bad-url",
    title: "Bad request",
    detail: "The address holds a % that two hexadecimal digits of UTF-8 do not follow.",
  },
  FST_ERR_MAX_PARAM_LENGTH: {
    code: "url-too-long",
    title: "Address too long",
    detail: "A part of the address is longer than any name or number can be.",
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: "bad-content-length",
    title: "Bad request",
    detail: "The body is not as long as Content-Length says.",
  },
};

/** Requests that never reach a route: fastify's options for them, so that these are problem documents too. */
export const badRequests = {
  frameworkErrors(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
    sendProblem(reply, asProblem(error));
  },
  /** Not HTTP, headers too large, or too slow: there is no request to answer, only a socket. */
  clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    const { status, code, title, detail } = UNREADABLE[error.code ?? ""] ?? NOT_HTTP;
    const body = JSON.stringify(new Problem({ status, code, title, detail }).document());
    const lines = [
      `HTTP/1.1 ${status} ${title}`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
    ];
    socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  },
};

const NOT_HTTP = {
  status: 400,
  code: "bad-request",
  title: "Bad Request",
  detail: "What came is not a request of HTTP/1.1.",
};

/** By Node's error code. The titles are the reason phrases of HTTP. */
const UNREADABLE: Record<string, typeof NOT_HTTP> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: "headers-too-large",
    title: "Request Header Fields Too Large",
    detail: "The headers are larger than 16 KiB together.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "request-too-slow",
    title: "Request Timeout",
    detail: "The request did not arrive whole within a minute.",
  },
};

/** The 507 of a write that the disk did not take, null for any other error. `outcome`: what came of it, a sentence. */
export function storageProblem(error: unknown, outcome: string): Problem | null {
  if (!isDiskError(error)) return null;
  return new Problem({
    status: 507,
    code: "storage",
    title: "The data directory cannot be written",
    detail: `${outcome} The data directory cannot be written: ${error.message}. Make room on its disk or mend it, then try again.`,
  });
}

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const storage = storageProblem(error, "Nothing was changed.");
  if (storage) return storage;
  const code = member(error, "code");
  const statusCode = Number(member(error, "statusCode") || 500);
  const refused = REFUSED[code];
  if (refused) return new Problem({ status: statusCode, ...refused });
  // What serves files refuses names that lead out of their folder, or are none; who may not call says so himself.
  if (statusCode === 403) return notFound("There is no such file.");
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

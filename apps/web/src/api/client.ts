/**
 * Calls to the server of this page. What it answers is trusted to have its schema's shape: page and server are
 * shipped together, and checking ten thousand flows again would cost more than drawing them.
 */
import type { Problem } from "@flowmgr/flow-api";
import { signedOut } from "./signed-out.ts";

/** The server answered, with a problem document. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
  get status(): number {
    return this.problem.status;
  }
}

/** No answer came: the server is down or the network is. */
export class Unreachable extends Error {
  constructor() {
    super("The server does not answer.");
  }
}

export type Call = {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is; the flow language. */
  text?: string;
  /** The draft's ETag, without its quotes. */
  ifMatch?: string;
  accept?: "application/json" | "text/plain";
  /** The answer need not say what was written. */
  minimal?: boolean;
  /** A connection of its own, as confirming needs one. */
  signal?: AbortSignal;
};

/** `path` below /api/v1, e.g. `/draft`. Throws Refused or Unreachable. */
export async function call(path: string, options: Call = {}): Promise<Response> {
  const headers = new Headers({ accept: options.accept ?? "application/json" });
  if (options.ifMatch !== undefined) headers.set("if-match", `"${options.ifMatch}"`);
  if (options.minimal) headers.set("prefer", "return=minimal");
  let body: string | null = null;
  if (options.text !== undefined) {
    headers.set("content-type", "text/plain");
    body = options.text;
  } else if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    body = JSON.stringify(options.body);
  }
  const answer = await send(`/api/v1${path}`, {
    method: options.method ?? "GET",
    headers,
    body,
    credentials: "same-origin",
    cache: "no-store",
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (answer.ok) return answer;
  const problem = await problemOf(answer);
  // Signing in answers 401 to a wrong code; that ends no session.
  if (answer.status === 401 && path !== "/session") signedOut.set(true);
  throw new Refused(problem);
}

/** `call` and its answer as JSON of the named type. */
export async function get<Answer>(path: string, options: Call = {}): Promise<Answer> {
  const answer = await call(path, options);
  const body: Answer = await answer.json();
  return body;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    const answer = await fetch(url, init);
    // A proxy in front that has lost the server says so with these.
    if (answer.status === 504 || (answer.status === 502 && !isProblem(answer))) throw new Unreachable();
    return answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

function isProblem(answer: Response): boolean {
  return (answer.headers.get("content-type") ?? "").includes("problem+json");
}

async function problemOf(answer: Response): Promise<Problem> {
  if (isProblem(answer)) {
    const problem: Problem = await answer.json();
    return { ...problem, diagnostics: problem.diagnostics ?? [] };
  }
  return {
    type: "about:blank",
    title: answer.statusText || `HTTP ${answer.status}`,
    status: answer.status,
    detail: `The server answered ${answer.status}.`,
    diagnostics: [],
  };
}

/** Who asks: a session's cookie or a bearer token, on every call below /api/v1. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../parts.ts";
import { Problem } from "../problem.ts";
import type { Connections } from "./connections.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set for every call below /api/v1 but `POST /session`. */
    caller: Caller;
  }
}

export type Auth = {
  tokens: Tokens;
  sessions: Sessions;
  connections: Connections;
  /** Counts a failed attempt to get in, by address; throws Problem 429. */
  failed: (request: FastifyRequest) => Promise<void>;
  /** Counts a call, by who calls; throws Problem 429. */
  called: (request: FastifyRequest) => Promise<void>;
};

/** The hook that lets a request in or throws Problem: 401, 403, 429. */
export function guard(auth: Auth): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request) => {
    const { name, via } = await identify(auth, request);
    if (via === "session") requireSameOrigin(request);
    await auth.called(request);
    request.caller = { name, via, ...auth.connections.of(request) };
  };
}

type Identity = Pick<Caller, "name" | "via">;

async function identify(auth: Auth, request: FastifyRequest): Promise<Identity> {
  const header = request.headers.authorization;
  if (header !== undefined) return byToken(auth, request, header);
  const secret = request.cookies[cookieName(request)];
  const session = secret ? auth.sessions.find(secret) : null;
  if (secret && session) return { name: session.name, via: "session" };
  throw unauthorized(
    secret ? "The session is over; sign in again." : "Sign in, or send Authorization: Bearer TOKEN.",
  );
}

/** A right token is let in however many wrong ones came from the same address: behind NAT others share it. */
async function byToken(auth: Auth, request: FastifyRequest, header: string): Promise<Identity> {
  const token = tokenOf(header);
  const name = token ? auth.tokens.find(token) : null;
  if (token && name) return { name, via: "token" };
  await auth.failed(request);
  throw unauthorized(token ? "The token is not known." : "Write the header as Authorization: Bearer TOKEN.");
}

/** The secret that a request came with, however it was written. */
export function secretOf(request: FastifyRequest): string {
  return tokenOf(request.headers.authorization) ?? request.cookies[cookieName(request)] ?? "";
}

const tokenOf = (header = ""): string | undefined => /^Bearer +(\S+)$/i.exec(header)?.[1];

export function unauthorized(detail: string): Problem {
  return new Problem({
    status: 401,
    code: "unauthorized",
    title: "Not signed in",
    detail,
    headers: { "WWW-Authenticate": 'Bearer realm="flowmgr"' },
  });
}

/** Cookies do not know ports: two servers on one host must not sign each other out. */
export function cookieName(request: FastifyRequest): string {
  return `flowmgr_${request.socket.localPort}`;
}

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * What a cookie authenticates must come from our own page. SameSite=Strict is no proof of that: a page on another port
 * of this host is the same site, and could change rules or, by reads that never end, use up what one caller may open.
 * A read without any word of where it comes from is a script's or an old browser's.
 */
function requireSameOrigin(request: FastifyRequest): void {
  const { origin, "sec-fetch-site": site } = request.headers;
  const ours = `${request.protocol}://${request.host}`;
  if (site === "same-origin" || origin === ours) return;
  if (READS.has(request.method) && origin === undefined && (site === undefined || site === "none")) return;
  throw foreignOrigin(origin, ours);
}

export function foreignOrigin(origin: string | undefined, ours: string): Problem {
  return new Problem({
    status: 403,
    code: "foreign-origin",
    title: "Foreign origin",
    detail: `A call by cookie must come from this server's own page (Origin: ${ours}), not from ${origin ?? "a request without Origin"}. Scripts send a token instead.`,
  });
}

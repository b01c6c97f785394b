/** `/api/v1/session`: sign in, who am I, sign out. */
import { sessionBodySchema, sessionSchema } from "@flowmgr/flow-api";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Api } from "../api.ts";
import { rfc3339 } from "../clock.ts";
import { notFound } from "../problem.ts";
import { type Auth, cookieName, foreignOrigin, unauthorized } from "./guard.ts";
import { LIFE, type Session } from "./sessions.ts";

const tags = ["session"];

/** The one call below /api/v1 that nobody needs to be signed in for. */
export function registerSignIn(app: Api, auth: Auth): void {
  app.post(
    "/session",
    {
      bodyLimit: 4096,
      schema: {
        tags,
        summary: "Exchange the one-time code of a sign-in link, or a token, for a session cookie",
        security: [],
        body: sessionBodySchema,
        response: { 201: sessionSchema },
      },
    },
    async (request, reply) => {
      const ours = `${request.protocol}://${request.host}`;
      const { origin } = request.headers;
      if (origin !== undefined && origin !== ours) throw foreignOrigin(origin, ours);
      const { body } = request;
      const name = "code" in body ? auth.tokens.useCode(body.code) : auth.tokens.find(body.token);
      if (name === null) {
        await auth.failed(request);
        throw unauthorized(
          "code" in body
            ? "This sign-in link is used up or older than ten minutes. Get another: sudo npm start -- login-link"
            : "The token is not known. The admin's is in the file admin-token of the data directory.",
        );
      }
      const { secret, session } = auth.sessions.start(name);
      setCookie(request, reply, secret);
      return reply.code(201).send(asAnswer(session));
    },
  );
}

export function registerSession(app: Api, auth: Auth): void {
  app.get(
    "/session",
    {
      schema: {
        tags,
        summary: "The session of this cookie",
        response: { 200: sessionSchema },
      },
    },
    async (request) => {
      const secret = request.cookies[cookieName(request)];
      const session = request.caller.via === "session" && secret ? auth.sessions.find(secret) : null;
      if (!session) throw notFound("This call came with a token, not with a session.");
      return asAnswer(session);
    },
  );
  app.delete(
    "/session",
    { schema: { tags, summary: "Sign out", response: { 204: z.null() } } },
    async (request, reply) => {
      const secret = request.cookies[cookieName(request)];
      if (secret) auth.sessions.end(secret);
      return reply.clearCookie(cookieName(request), { path: "/" }).code(204).send(null);
    },
  );
}

function setCookie(request: FastifyRequest, reply: FastifyReply, secret: string): void {
  reply.setCookie(cookieName(request), secret, {
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure: request.protocol === "https",
    // The server ends an idle session earlier; the browser need not know.
    maxAge: LIFE / 1000,
  });
}

function asAnswer(session: Session) {
  return {
    name: session.name,
    since: rfc3339(session.since),
    until: rfc3339(session.until),
  };
}

/** The built page, the headers that keep a browser safe, and the two questions of whoever watches the server. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import compress from "@fastify/compress";
import helmet from "@fastify/helmet";
import fastifyStatic, { type FastifyStaticOptions } from "@fastify/static";
import { healthSchema } from "@flowmgr/flow-api";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { registerEtags } from "./etag.ts";
import { notFound, Problem } from "./problem.ts";

/** Before everything that answers. */
export async function registerHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        // Mantine writes style elements and attributes as it draws.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    // It would bind every port and subdomain of this host name, and forbid going past a self-made certificate.
    strictTransportSecurity: false,
    referrerPolicy: { policy: "no-referrer" },
  });
  registerEtags(app);
  await app.register(compress, { encodings: ["br", "gzip"] });
}

/** Before the routes. What is not there is said before a body is read, which anybody could send without end. */
export function refuseUnknownRoutes(app: FastifyInstance): void {
  app.addHook("onRequest", async (request) => {
    if (request.is404 && !isAddressOfPage(request)) throw unknownRoute(request);
  });
}

/** The page below `/`, and its index for every address that the page draws itself. */
export async function registerPage(app: FastifyInstance, page: string): Promise<void> {
  const built = existsSync(join(page, "index.html"));
  if (built) {
    // Found when they are asked for: a page that is built anew has others.
    const assets = { root: join(page, "assets"), prefix: "/assets/", decorateReply: false };
    await app.register(fastifyStatic, { ...assets, ...caching("public, max-age=31536000, immutable") });
    // One route a file: what is not there falls through to the answers below.
    const files = { root: page, wildcard: false, globIgnore: ["assets/**"] };
    await app.register(fastifyStatic, { ...files, ...caching("no-cache") });
  }
  app.setNotFoundHandler(async (request, reply) => {
    // The docs' route knows only when it looks that it has no such file.
    if (!isAddressOfPage(request)) throw unknownRoute(request);
    if (!built) throw noPage();
    return reply.sendFile("index.html");
  });
}

/** Names of assets carry a hash of what is in them, so they never change; everything else is asked for again. */
function caching(how: string): Pick<FastifyStaticOptions, "cacheControl" | "setHeaders"> {
  return { cacheControl: false, setHeaders: (response) => response.header("Cache-Control", how) };
}

function isAddressOfPage(request: FastifyRequest): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  return !/^\/(api|assets)(\/|$)/.test(request.url) && /text\/html/.test(request.headers.accept ?? "");
}

function unknownRoute(request: FastifyRequest): Problem {
  return notFound(`There is no ${request.method} ${request.url.split("?")[0]}. /docs lists all calls.`);
}

function noPage(): Problem {
  return new Problem({
    status: 503,
    code: "page-not-built",
    title: "The page is not built",
    detail: "The API works. npm start builds the page before it starts the server.",
  });
}

/** `ready` tells whether the rules are in force as they should be. */
export function registerHealth(app: FastifyInstance, ready: () => boolean): void {
  const answer = async (reply: FastifyReply, ok: boolean) =>
    reply
      .code(ok ? 200 : 503)
      .header("Cache-Control", "no-store")
      .send({ ok });
  const schema = { tags: ["health"], security: [], response: { 200: healthSchema, 503: healthSchema } };
  app.get("/healthz", { schema: { ...schema, summary: "The server answers" } }, async (_request, reply) =>
    answer(reply, true),
  );
  app.get(
    "/readyz",
    { schema: { ...schema, summary: "The rules are in force as they should be" } },
    async (_request, reply) => answer(reply, ready()),
  );
}

/** The server, wired in plain sight: what `main.ts` and every test start. */
import { readFileSync } from "node:fs";
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import { fastify } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Api } from "./api.ts";
import { planAhead } from "./apply/plan-ahead.ts";
import { registerRevisions } from "./apply/revisions.ts";
import { registerApply } from "./apply/routes.ts";
import { limitConnections, watchConnections } from "./auth/connections.ts";
import { type Auth, guard, secretOf } from "./auth/guard.ts";
import { hostCheck } from "./auth/host.ts";
import { limit, monotonicStore } from "./auth/limit.ts";
import { registerSession, registerSignIn } from "./auth/routes.ts";
import { openSessions } from "./auth/sessions.ts";
import { openTokens } from "./auth/tokens.ts";
import { BODY_LIMIT, registerBodies } from "./body.ts";
import { registerDraft } from "./config/draft-routes.ts";
import { registerFlows } from "./config/flow-routes.ts";
import { registerImport } from "./config/import-routes.ts";
import { registerLists } from "./config/list-routes.ts";
import { registerSearch } from "./config/search-routes.ts";
import { registerSend } from "./config/send-routes.ts";
import { registerStateless } from "./config/stateless-routes.ts";
import { registerTrace } from "./config/trace-routes.ts";
import { registerEvents } from "./events.ts";
import { registerKernel } from "./kernel/routes.ts";
import { type LargeBodies, largeBodies } from "./large-bodies.ts";
import { giveBackMemory } from "./memory.ts";
import { registerOpenapi } from "./openapi.ts";
import type { Parts } from "./parts.ts";
import { registerPaths } from "./paths/routes.ts";
import { PAGE } from "./place.ts";
import { badRequests, registerProblems } from "./problem.ts";
import type { Settings } from "./settings.ts";
import { validate } from "./shape.ts";
import { registerStatus } from "./status/routes.ts";
import { countRequests, type Requests } from "./under-way.ts";
import { refuseUnknownRoutes, registerHeaders, registerHealth, registerPage } from "./web.ts";

/** Failed attempts to get in, per address and minute: enough for slips, nothing for a dictionary. */
const FAILURES = 10;
/** Calls per caller and second: a runaway script leaves room for the others. The contract promises 500. */
const CALLS = 1000;
/** Milliseconds that requests under way get to end when the server stops. */
const GRACE = 5000;

export type ServerOptions = {
  /** Folder of the built page. */
  page?: string;
  /** What went wrong inside, and what somebody did that no history keeps; main prints it. */
  log?: (error: unknown) => void;
};

/** Everything but listening. `engine` has started. Close it with `app.close()`. */
export async function buildServer(parts: Parts, options: ServerOptions = {}): Promise<Api> {
  const app = bare(parts.settings);
  limitConnections(app);
  const requests = countRequests(app);
  endGracefully(app, requests);
  giveBackMemory(app, requests, parts.clock, () => parts.analyst.rest());
  planAhead(app, requests, parts);
  registerProblems(app, options.log ?? (() => {}));
  const bodies = largeBodies();
  registerBodies(app, bodies.begin);
  await app.register(rateLimit, { global: false, store: monotonicStore(parts.clock) });
  const auth = openAuth(app, parts);
  const isOurs = hostCheck(parts.settings);
  app.addHook("onRequest", async (request) => isOurs(request));
  await registerHeaders(app);
  refuseUnknownRoutes(app);
  await app.register(cookie);
  await registerOpenapi(app);
  registerHealth(app, () => parts.engine.state().state !== "error");
  await app.register(async (open: Api) => registerSignIn(open, auth), { prefix: "/api/v1" });
  await app.register(async (api: Api) => registerApi(api, parts, { auth, bodies }, options), {
    prefix: "/api/v1",
  });
  await registerPage(app, options.page ?? PAGE);
  return app;
}

function bare({ tls, behindProxy }: Settings): Api {
  const common = {
    bodyLimit: BODY_LIMIT,
    // After GRACE nothing may hold the server: neither an idle page nor an event stream.
    forceCloseConnections: true,
    trustProxy: behindProxy.length > 0 ? behindProxy : false,
    // Slow bodies hold a connection, no more; a minute sends 16 MB over any line that can carry the page.
    requestTimeout: 60_000,
  };
  const https = tls ? { cert: readFileSync(tls.cert), key: readFileSync(tls.key) } : null;
  const app = fastify({ ...common, ...badRequests, https }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validate);
  // The types know what an answer is; asking zod again for 10 000 flows would cost more than making it.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  return app;
}

function openAuth(app: Api, { db, clock, settings }: Parts): Auth {
  return {
    tokens: openTokens(db, clock),
    sessions: openSessions(db, clock),
    connections: watchConnections(app, clock, settings.behindProxy),
    failed: limit(app, {
      most: FAILURES,
      windowMs: 60_000,
      detail: "Too many failed attempts to sign in from this address.",
    }),
    called: limit(app, {
      most: CALLS,
      windowMs: 1000,
      key: secretOf,
      detail: `More than ${CALLS} calls a second.`,
    }),
  };
}

/** Everything below /api/v1 that needs somebody signed in: the guard is a hook of this scope, so none can forget it. */
async function registerApi(
  api: Api,
  parts: Parts,
  { auth, bodies }: { auth: Auth; bodies: LargeBodies },
  options: ServerOptions,
): Promise<void> {
  api.decorateRequest("caller");
  api.addHook("onRequest", guard(auth));
  bodies.register(api);
  api.addHook("onSend", async (_request, reply) => {
    reply.header("Cache-Control", "no-store");
    // A confirm must come over a connection that the new rules let in: nobody keeps an old one meanwhile.
    if (parts.engine.onTrial()) reply.header("Connection", "close");
  });
  registerSession(api, auth);
  registerDraft(api, parts);
  registerFlows(api, parts);
  registerLists(api, parts);
  registerStateless(api, parts);
  registerImport(api, parts);
  registerTrace(api, parts);
  registerSearch(api, parts);
  registerSend(api, parts);
  await registerApply(api, parts);
  await registerRevisions(api, parts);
  registerKernel(api, parts, options.log ?? (() => {}));
  registerPaths(api, parts, options.log ?? (() => {}));
  await registerStatus(api, parts);
  await registerEvents(api, parts);
}

/** At the end, requests under way are answered before connections are cut. */
function endGracefully(app: Api, requests: Requests): void {
  app.addHook("preClose", async () => {
    if (requests.count() === 0) return;
    await new Promise<void>((resolve) => {
      requests.ended(() => {
        if (requests.count() === 0) resolve();
      });
      setTimeout(resolve, GRACE).unref();
    });
  });
}

/** Plan, apply, confirm, take back; the one call of automation; what is in force and what it counts. */
import {
  appliedSchema,
  applyBodySchema,
  countersSchema,
  revisionBodySchema,
  runningAgainstSchema,
  runningSchema,
} from "@flowmgr/flow-api";
import { deltaOf, EMPTY_CONFIG } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import { wantsText } from "../config/accept.ts";
import { refuseErrors } from "../config/body.ts";
import { IF_NONE_MATCH, NOT_MODIFIED, TEXT } from "../config/schemas.ts";
import { digestOf, hasAlready, matches } from "../etag.ts";
import { packer } from "../packed.ts";
import type { Parts } from "../parts.ts";
import { Problem } from "../problem.ts";
import { blocking } from "./blocking.ts";
import { refuseGuarded } from "./guards.ts";
import { registerPlan } from "./plan-routes.ts";
import { registerPutConfig } from "./put-config.ts";
import { registerTiming, timed } from "./timing.ts";

const tags = ["apply"];

export async function registerApply(app: Api, parts: Parts): Promise<void> {
  dropIdleConnections(app, parts);
  await app.register(async (timing: Api) => {
    registerTiming(timing);
    registerPlan(timing, parts);
    registerPostApply(timing, parts);
    registerPutConfig(timing, parts);
  });
  registerEnds(app, parts);
  registerRunning(app, parts);
}

/**
 * At a switch every connection that waits for its next request is closed: what comes next comes over a new one, which
 * proves that the new rules let it in. Those that are busy are told to close with their answer.
 */
function dropIdleConnections(app: Api, { events }: Parts): void {
  const end = events.subscribe((name, payload) => {
    if (name === "apply" && "state" in payload && payload.state === "unconfirmed")
      app.server.closeIdleConnections();
  });
  app.addHook("onClose", async () => end());
}

function registerPostApply(app: Api, parts: Parts): void {
  const { draft, engine, settings } = parts;
  app.post(
    "/apply",
    {
      schema: {
        tags,
        summary: "Apply the draft that was reviewed; it goes back by itself unless it is confirmed in time",
        body: applyBodySchema,
        response: { 200: appliedSchema },
      },
    },
    async (request) => {
      const { etag, message = "", accept = [], confirmWithin = settings.confirmWithin } = request.body;
      const { config, places, ...stored } = draft.get();
      const { caller } = request;
      if (!matches(etag, stored.etag)) throw changedSinceReview(stored);
      const diagnostics = await timed("check", () => draft.check());
      if (blocking(diagnostics, accept).length > 0) refuseErrors(diagnostics);
      await timed("guards", () => refuseGuarded(parts, { config, diagnostics, places, accept, caller }));
      const { changed: _, ...answer } = await engine.apply({
        config,
        message,
        confirmWithin,
        caller,
      });
      return answer;
    },
  );
}

function changedSinceReview(draft: { etag: string; changedBy: string; changedAt: string }): Problem {
  const { etag, changedBy, changedAt } = draft;
  return new Problem({
    status: 412,
    code: "draft-changed",
    title: "The draft has changed",
    detail: `${changedBy} changed the draft at ${changedAt}, after it was reviewed. Review it again; nothing was applied.`,
    extra: { etag, changedBy, changedAt },
  });
}

function registerEnds(app: Api, { engine }: Parts): void {
  app.post(
    "/apply/confirm",
    {
      schema: {
        tags,
        summary: "Keep the rules; counts only over a connection that is newer than they are",
        body: revisionBodySchema,
        response: { 200: appliedSchema },
      },
    },
    (request) => engine.confirm(request.body.revision, request.caller),
  );
  app.post(
    "/apply/revert",
    {
      schema: {
        tags,
        summary: "Put the old rules back now; the draft keeps what was tried",
        body: revisionBodySchema,
        response: { 200: appliedSchema },
      },
    },
    (request) => engine.revert(request.body.revision, request.caller),
  );
}

const NOTHING = { revision: null, config: EMPTY_CONFIG, text: "" };

/** What is in force, in an ETag: a number of a revision is given again when its data directory was made anew. */
const contents = new WeakMap<object, string>();

function contentOf(running: { text: string }): string {
  const content = contents.get(running) ?? digestOf(running.text);
  contents.set(running, content);
  return content;
}

function registerRunning(app: Api, { draft, engine }: Parts): void {
  const [sendText, sendJson] = [packer(), packer()];
  app.get(
    "/running",
    {
      schema: {
        tags,
        summary: "What is in force; as text with Accept: text/plain",
        querystring: z.strictObject({
          against: z
            .literal("draft")
            .optional()
            .describe("tell it by what it shares with the draft, for who has read that"),
        }),
        headers: IF_NONE_MATCH,
        response: {
          ...NOT_MODIFIED,
          200: {
            description: "What is in force",
            content: {
              "application/json": { schema: z.union([runningAgainstSchema, runningSchema]) },
              ...TEXT,
            },
          },
        },
      },
    },
    async (request, reply) => {
      const running = engine.running() ?? NOTHING;
      const { revision, config, text } = running;
      const call = { request, reply };
      const known = request.query.against === "draft" && !wantsText(request) ? draft.get() : null;
      const etag = `${revision}-${contentOf(running)}${known ? `-${known.etag}` : ""}`;
      reply.header("Vary", "Accept");
      if (hasAlready(call, etag)) return reply.send(null);
      if (wantsText(request)) {
        reply.type("text/plain; charset=utf-8");
        return sendText(call, etag, () => text);
      }
      if (known) return reply.send({ revision, draft: known.etag, ...deltaOf(config, known.config) });
      reply.type("application/json; charset=utf-8");
      return sendJson(call, etag, () => JSON.stringify({ revision, config, text }));
    },
  );
  app.get(
    "/running/counters",
    {
      schema: {
        tags,
        summary: "Packets and bytes by flow and rule",
        response: { 200: countersSchema },
      },
    },
    () => engine.counters(),
  );
}

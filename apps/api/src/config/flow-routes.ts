/** `/draft/flows`: the same draft, one flow at a time. */
import { flowAddSchema, flowListSchema, flowMoveSchema } from "@flowmgr/flow-api";
import { type Flow, flowSchema, flowsOf, itemSchema } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import { hasAlready } from "../etag.ts";
import type { DraftStore, Parts, StoredDraft } from "../parts.ts";
import { notFound } from "../problem.ts";
import { etagHeader } from "./answer.ts";
import { change } from "./change.ts";
import { IF_MATCH, IF_NONE_MATCH, NOT_MODIFIED, PAGE } from "./schemas.ts";

const tags = ["flows"];
const params = z.object({ name: z.string() });

export function registerFlows(app: Api, { draft }: Pick<Parts, "draft">): void {
  app.get(
    "/draft/flows",
    {
      schema: {
        tags,
        summary: "The flows in order, a page at a time",
        querystring: PAGE,
        headers: IF_NONE_MATCH,
        response: { 200: flowListSchema, ...NOT_MODIFIED },
      },
    },
    async (request, reply) => {
      const { limit, after } = request.query;
      const stored = draft.get();
      const flows = flowsOf(stored.config);
      const start = after === undefined ? 0 : flows.indexOf(named(stored, after)) + 1;
      if (hasAlready({ request, reply }, stored.etag)) return reply.send(null);
      const end = start + limit;
      const next = end < flows.length ? (flows[end - 1]?.name ?? null) : null;
      return reply.send({ flows: flows.slice(start, end), next });
    },
  );
  app.get(
    "/draft/flows/:name",
    {
      schema: {
        tags,
        summary: "One flow",
        params,
        headers: IF_NONE_MATCH,
        response: { 200: itemSchema, ...NOT_MODIFIED },
      },
    },
    async (request, reply) => {
      const stored = draft.get();
      const flow = named(stored, request.params.name);
      return reply.send(hasAlready({ request, reply }, stored.etag) ? null : flow);
    },
  );
  registerFlowWrites(app, draft);
}

function registerFlowWrites(app: Api, draft: DraftStore): void {
  const headers = IF_MATCH;
  app.post(
    "/draft/flows",
    { schema: { tags, summary: "Add a flow", headers, body: flowAddSchema, response: { 201: itemSchema } } },
    async (request, reply) => {
      const { flow, ...place } = request.body;
      const stored = change(draft, request, { do: "add", item: itemSchema.parse(flow), ...place });
      return reply
        .code(201)
        .headers({ ...etagHeader(stored), Location: `/api/v1/draft/flows/${encodeURIComponent(flow.name)}` })
        .send(named(stored, flow.name));
    },
  );
  app.put(
    "/draft/flows/:name",
    {
      schema: {
        tags,
        summary: "Change a flow; may rename it",
        params,
        headers,
        body: flowSchema,
        response: { 200: itemSchema },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      draft.requireMatch(request.headers["if-match"]);
      named(draft.get(), name);
      const stored = change(draft, request, { do: "change", name, item: itemSchema.parse(request.body) });
      return reply.headers(etagHeader(stored)).send(named(stored, request.body.name));
    },
  );
  app.delete(
    "/draft/flows/:name",
    { schema: { tags, summary: "Remove a flow", params, headers, response: { 204: z.null() } } },
    async (request, reply) => {
      const { name } = request.params;
      draft.requireMatch(request.headers["if-match"]);
      named(draft.get(), name);
      const stored = change(draft, request, { do: "remove", name });
      return reply.code(204).headers(etagHeader(stored)).send(null);
    },
  );
  app.post(
    "/draft/flows/:name/move",
    {
      schema: {
        tags,
        summary: "Move a flow",
        params,
        headers,
        body: flowMoveSchema,
        response: { 200: itemSchema },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      draft.requireMatch(request.headers["if-match"]);
      named(draft.get(), name);
      const stored = change(draft, request, { do: "move", name, ...request.body });
      return reply.headers(etagHeader(stored)).send(named(stored, name));
    },
  );
}

function named(stored: StoredDraft, name: string): Flow {
  const flow = stored.config.items.find(
    (item): item is Flow => (item.kind === "flow" || item.kind === "outflow") && item.name === name,
  );
  if (!flow) throw notFound(`The draft has no flow called ${name}.`);
  return flow;
}

/** `/draft/lists`: the named lists of the draft, and where each is used. */
import { type DraftList, draftListSchema, draftListsSchema, listAddSchema } from "@flowmgr/flow-api";
import { type Config, type List, listKinds, listSchema, listsOf, usesOf } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import { hasAlready } from "../etag.ts";
import type { DraftStore, Parts, StoredDraft } from "../parts.ts";
import { notFound } from "../problem.ts";
import { etagHeader } from "./answer.ts";
import { change } from "./change.ts";
import { IF_MATCH, IF_NONE_MATCH, NOT_MODIFIED, PAGE } from "./schemas.ts";

const tags = ["lists"];
/** Without the `@` that names it in conditions. */
const params = z.object({ name: z.string() });

export function registerLists(app: Api, { draft }: Pick<Parts, "draft">): void {
  app.get(
    "/draft/lists",
    {
      schema: {
        tags,
        summary: "Named lists with where they are used, a page at a time",
        querystring: PAGE,
        headers: IF_NONE_MATCH,
        response: { 200: draftListsSchema, ...NOT_MODIFIED },
      },
    },
    async (request, reply) => {
      const { limit, after } = request.query;
      const stored = draft.get();
      const lists = listsOf(stored.config);
      const start = after === undefined ? 0 : lists.indexOf(named(stored.config, after)) + 1;
      if (hasAlready({ request, reply }, stored.etag)) return reply.send(null);
      const end = start + limit;
      const next = end < lists.length ? (lists[end - 1]?.name ?? null) : null;
      const told = teller(stored.config);
      return reply.send({ lists: lists.slice(start, end).map(told), next });
    },
  );
  app.get(
    "/draft/lists/:name",
    {
      schema: {
        tags,
        summary: "One list",
        params,
        headers: IF_NONE_MATCH,
        response: { 200: draftListSchema, ...NOT_MODIFIED },
      },
    },
    async (request, reply) => {
      const stored = draft.get();
      named(stored.config, request.params.name);
      if (hasAlready({ request, reply }, stored.etag)) return reply.send(null);
      return reply.send(answer(stored, request.params.name));
    },
  );
  registerListWrites(app, draft);
}

function registerListWrites(app: Api, draft: DraftStore): void {
  const headers = IF_MATCH;
  app.post(
    "/draft/lists",
    {
      schema: {
        tags,
        summary: "Add a list",
        headers,
        body: listAddSchema,
        response: { 201: draftListSchema },
      },
    },
    async (request, reply) => {
      const { list, ...place } = request.body;
      const stored = change(draft, request, { do: "add", item: list, ...place });
      return reply
        .code(201)
        .headers({ ...etagHeader(stored), Location: `/api/v1/draft/lists/${encodeURIComponent(list.name)}` })
        .send(answer(stored, list.name));
    },
  );
  app.put(
    "/draft/lists/:name",
    {
      schema: {
        tags,
        summary: "Change a list; a new name is written to all that use it",
        params,
        headers,
        body: listSchema,
        response: { 200: draftListSchema },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const list = request.body;
      draft.requireMatch(request.headers["if-match"]);
      named(draft.get().config, name);
      const stored = change(draft, request, { do: "change", name: `@${name}`, item: list });
      return reply.headers(etagHeader(stored)).send(answer(stored, list.name));
    },
  );
  app.delete(
    "/draft/lists/:name",
    {
      schema: {
        tags,
        summary: "Remove a list; refused while something uses it",
        params,
        headers,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      draft.requireMatch(request.headers["if-match"]);
      named(draft.get().config, name);
      const stored = change(draft, request, { do: "remove", name: `@${name}` });
      return reply.code(204).headers(etagHeader(stored)).send(null);
    },
  );
}

function named(config: Config, name: string): List {
  const list = listsOf(config).find((one) => one.name === name);
  if (!list) throw notFound(`The draft has no list called ${name}.`);
  return list;
}

function answer({ config }: StoredDraft, name: string): DraftList {
  return teller(config)(named(config, name));
}

/** A list with what it holds and where it is used. */
function teller(config: Config): (list: List) => DraftList {
  const kinds = listKinds(config);
  const uses = usesOf(config);
  return (list) => ({ ...list, holds: kinds.get(list.name) ?? null, usedBy: uses.get(list.name) ?? [] });
}

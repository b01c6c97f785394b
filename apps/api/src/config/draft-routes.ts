/** `/draft` as a whole: read, replace, drop, check, edit. */
import { checkSchema, draftSchema, editsSchema, writtenDraftSchema } from "@flowmgr/flow-api";
import { EMPTY_CONFIG, editAll } from "@flowmgr/flow-model";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { wantsText } from "./accept.ts";
import { countsOf, draftAnswer, etagHeader, writtenAnswer } from "./answer.ts";
import { readConfig } from "./body.ts";
import { refusedEdit } from "./refusal.ts";
import { CONFIG_BODY, IF_MATCH, TEXT } from "./schemas.ts";

const tags = ["draft"];

export function registerDraft(app: Api, { draft, engine }: Pick<Parts, "draft" | "engine">): void {
  app.get(
    "/draft",
    {
      schema: {
        tags,
        summary: "The draft; as text with Accept: text/plain",
        response: {
          200: {
            description: "The draft",
            content: { "application/json": { schema: draftSchema }, ...TEXT },
          },
        },
      },
    },
    async (request, reply) => {
      const stored = draft.get();
      reply.headers({ ...etagHeader(stored), Vary: "Accept" });
      if (wantsText(request)) return reply.type("text/plain; charset=utf-8").send(stored.text);
      return reply.send(draftAnswer(stored, draft.check()));
    },
  );
  app.put(
    "/draft",
    {
      schema: {
        tags,
        summary: "Replace the draft; refused with all diagnostics when it has errors",
        headers: IF_MATCH,
        body: CONFIG_BODY,
        response: { 200: writtenDraftSchema },
      },
    },
    async (request, reply) => {
      const { config, diagnostics } = readConfig(request);
      const stored = draft.replace(config, request.caller.name, request.headers["if-match"], diagnostics);
      return reply.headers(etagHeader(stored)).send(writtenAnswer(draft, stored));
    },
  );
  app.delete(
    "/draft",
    {
      schema: {
        tags,
        summary: "Back to the running config",
        headers: IF_MATCH,
        response: { 200: writtenDraftSchema },
      },
    },
    async (request, reply) => {
      const running = engine.running()?.config ?? EMPTY_CONFIG;
      // What is in force is taken as it is: a check that has become stricter must not keep anybody from going back.
      const stored = draft.replace(running, request.caller.name, request.headers["if-match"], []);
      return reply.headers(etagHeader(stored)).send(writtenAnswer(draft, stored));
    },
  );
  app.post(
    "/draft/edits",
    {
      schema: {
        tags,
        summary: "Edits, all or none: the same values as the page's actions",
        headers: IF_MATCH,
        body: editsSchema,
        response: { 200: writtenDraftSchema },
      },
    },
    async (request, reply) => {
      const edited = editAll(draft.get().config, request.body.edits);
      const ifMatch = request.headers["if-match"];
      if ("error" in edited) throw refusedEdit(draft, ifMatch, edited.error, `/edits/${edited.index}`);
      const stored = draft.replace(edited.config, request.caller.name, ifMatch);
      return reply.headers(etagHeader(stored)).send(writtenAnswer(draft, stored));
    },
  );
  app.get(
    "/draft/check",
    { schema: { tags, summary: "All that is to say of the draft", response: { 200: checkSchema } } },
    async (_request, reply) => {
      const stored = draft.get();
      const diagnostics = draft.check();
      return reply
        .headers(etagHeader(stored))
        .send({ diagnostics, counts: countsOf(stored.config, diagnostics) });
    },
  );
}

/** `/draft` as a whole: read, replace, drop, check, edit. */
import {
  checkSchema,
  draftHeadSchema,
  draftSchema,
  editsSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { EMPTY_CONFIG, editAll } from "@flowmgr/flow-model";
import { z } from "zod";
import { checkAll } from "../analysis/check.ts";
import { goneSignal } from "../analysis/gone.ts";
import type { Api } from "../api.ts";
import { hasAlready } from "../etag.ts";
import { packer } from "../packed.ts";
import type { Parts } from "../parts.ts";
import { wantsText } from "./accept.ts";
import { answerWrite, draftAnswer, etagHeader } from "./answer.ts";
import { knownConfigs, readConfig } from "./body.ts";
import { refusedEdit } from "./refusal.ts";
import { CONFIG_BODY, IF_MATCH, IF_NONE_MATCH, NOT_MODIFIED, PREFER, TEXT } from "./schemas.ts";

const tags = ["draft"];
const WRITE = IF_MATCH.extend(PREFER.shape);
const WRITTEN = { 200: z.union([writtenDraftSchema, draftHeadSchema]) };

export function registerDraft(app: Api, parts: Parts): void {
  registerWhole(app, parts);
  registerEdits(app, parts);
  registerCheck(app, parts);
}

function registerWhole(app: Api, { draft, engine }: Parts): void {
  const [sendText, sendJson] = [packer(), packer()];
  app.get(
    "/draft",
    {
      schema: {
        tags,
        summary: "The draft; as text with Accept: text/plain",
        headers: IF_NONE_MATCH,
        response: {
          200: {
            description: "The draft",
            content: { "application/json": { schema: draftSchema }, ...TEXT },
          },
          ...NOT_MODIFIED,
        },
      },
    },
    async (request, reply) => {
      const stored = draft.get();
      const call = { request, reply };
      reply.header("Vary", "Accept");
      if (hasAlready(call, stored.etag)) return reply.send(null);
      if (wantsText(request)) {
        reply.type("text/plain; charset=utf-8");
        return sendText(call, stored.etag, () => stored.text);
      }
      const { config: _, ...head } = draftAnswer(stored, draft.check());
      reply.type("application/json; charset=utf-8");
      return sendJson(call, JSON.stringify(head), () => JSON.stringify({ ...head, config: stored.config }));
    },
  );
  app.put(
    "/draft",
    {
      schema: {
        tags,
        summary: "Replace the draft; refused with all diagnostics when it has errors",
        headers: WRITE,
        body: CONFIG_BODY,
        response: WRITTEN,
      },
    },
    async (request, reply) => {
      const { config, diagnostics } = readConfig(request, knownConfigs({ draft, engine }));
      const stored = draft.replace(config, request.caller.name, request.headers["if-match"], {
        checked: diagnostics,
      });
      return reply.send(answerWrite({ request, reply }, draft, stored));
    },
  );
  app.delete(
    "/draft",
    {
      schema: {
        tags,
        summary: "Back to the running config",
        headers: WRITE,
        response: WRITTEN,
      },
    },
    async (request, reply) => {
      const running = engine.running()?.config ?? EMPTY_CONFIG;
      // What is in force is taken as it is: a check that has become stricter must not keep anybody from going back.
      const stored = draft.replace(running, request.caller.name, request.headers["if-match"], {
        checked: [],
      });
      return reply.send(answerWrite({ request, reply }, draft, stored));
    },
  );
}

function registerEdits(app: Api, { draft }: Parts): void {
  app.post(
    "/draft/edits",
    {
      schema: {
        tags,
        summary: "Edits, all or none: the same values as the page's actions",
        headers: WRITE,
        body: editsSchema,
        response: WRITTEN,
      },
    },
    async (request, reply) => {
      const edited = editAll(draft.get().config, request.body.edits);
      const ifMatch = request.headers["if-match"];
      if ("error" in edited) throw refusedEdit(draft, ifMatch, edited.error, `/edits/${edited.index}`);
      const stored = draft.replace(edited.config, request.caller.name, ifMatch, {
        edits: request.body.edits,
      });
      return reply.send(answerWrite({ request, reply }, draft, stored));
    },
  );
}

function registerCheck(app: Api, parts: Parts): void {
  const { draft } = parts;
  app.get(
    "/draft/check",
    {
      schema: {
        tags,
        summary: "All that is to say of the draft, over all packets too",
        response: { 200: checkSchema },
      },
    },
    async ({ caller }, reply) => {
      const stored = draft.get();
      const { config, places } = stored;
      const checked = { config, places, diagnostics: draft.check(), sound: draft.sound() };
      const asked = { place: "draft", signal: goneSignal(reply) };
      return reply.headers(etagHeader(stored)).send(await checkAll(parts, checked, asked, caller));
    },
  );
}

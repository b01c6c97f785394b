/** History: every config that was in force or tried, what it changed, and the way back into the draft. */
import {
  type Revision,
  revisionDetailSchema,
  revisionDiffSchema,
  revisionListSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { type Config, changes, print } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import { rfc3339 } from "../clock.ts";
import { etagHeader, writtenAnswer } from "../config/answer.ts";
import { IF_MATCH } from "../config/schemas.ts";
import type { Engine, Parts } from "../parts.ts";
import { notFound } from "../problem.ts";
import { type Journal, openJournal, type StoredRevision, type Summary } from "./journal.ts";
import { unifiedDiff } from "./unified-diff.ts";

const tags = ["history"];

/** A number in a path or query, which arrives as text. */
const number = z
  .string()
  .regex(/^\d{1,15}$/, "write a revision's number")
  .transform(Number);

const ID = z.strictObject({ id: number });

const pageSchema = z.strictObject({
  limit: number.refine((limit) => limit >= 1 && limit <= 200, "write 1 to 200").default(50),
  after: number.optional(),
});

export async function registerRevisions(app: Api, parts: Parts): Promise<void> {
  const journal = openJournal(parts.db, parts.settings.markMask);
  registerReads(app, journal, parts.engine);
  registerDiff(app, journal, parts);
  registerRestore(app, journal, parts);
}

function registerReads(app: Api, journal: Journal, engine: Engine): void {
  app.get(
    "/revisions",
    {
      schema: {
        tags,
        summary: "Revisions, the newest first",
        querystring: pageSchema,
        response: { 200: revisionListSchema },
      },
    },
    async (request) => {
      const { limit, after } = request.query;
      // One more than asked for tells whether there is another page.
      const found = journal.list(limit + 1, after);
      const page = found.slice(0, limit);
      const next = found.length > limit ? (page.at(-1)?.id ?? null) : null;
      return { revisions: page.map((one) => asRevision(one, engine)), next };
    },
  );
  app.get(
    "/revisions/:id",
    {
      schema: {
        tags,
        summary: "One revision with its config",
        params: ID,
        response: { 200: revisionDetailSchema },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { config, text } = stored(journal, id);
      const summary = journal.summary(id);
      if (!summary) throw unknown(id);
      return { ...asRevision(summary, engine), config, text };
    },
  );
}

function registerDiff(app: Api, journal: Journal, { draft, engine }: Parts): void {
  /** The other side of a comparison. */
  const other = (to: string): Compared => {
    if (to === "draft") {
      const { config } = draft.get();
      return { id: "draft", name: "draft", config, text: print(config) };
    }
    if (to !== "running") return asCompared(stored(journal, Number(to)));
    const running = engine.running();
    if (!running) throw notFound("Nothing was applied yet.");
    return asCompared(running);
  };
  app.get(
    "/revisions/:id/diff",
    {
      schema: {
        tags,
        summary: "What changed from this revision to another, to the running one or to the draft",
        params: ID,
        querystring: z.strictObject({
          to: z.string().regex(/^(\d{1,15}|running|draft)$/, "write a revision's number, running or draft"),
        }),
        response: { 200: revisionDiffSchema },
      },
    },
    async (request) => {
      const from = stored(journal, request.params.id);
      const to = other(request.query.to);
      return {
        from: from.revision,
        to: to.id,
        text: unifiedDiff(asCompared(from), to),
        headline: changes(from.config, to.config).headline,
      };
    },
  );
}

function registerRestore(app: Api, journal: Journal, { draft }: Parts): void {
  app.post(
    "/revisions/:id/restore",
    {
      schema: {
        tags,
        summary: "Make this revision's config the draft; nothing is applied",
        headers: IF_MATCH,
        params: ID,
        response: { 200: writtenDraftSchema },
      },
    },
    async (request, reply) => {
      const { config } = stored(journal, request.params.id);
      const written = draft.replace(config, request.caller.name, request.headers["if-match"]);
      return reply.headers(etagHeader(written)).send(writtenAnswer(draft, written));
    },
  );
}

type Compared = { id: number | "draft"; name: string; config: Config; text: string };

const asCompared = ({
  revision,
  config,
  text,
}: Pick<StoredRevision, "revision" | "config" | "text">): Compared => ({
  id: revision,
  name: `revision ${revision}`,
  config,
  text,
});

function stored(journal: Journal, id: number): StoredRevision {
  const found = journal.get(id);
  if (!found) throw unknown(id);
  return found;
}

const unknown = (id: number) => notFound(`There is no revision ${id}.`);

function asRevision(summary: Summary, engine: Engine): Revision {
  const { id, author, message, at, outcome, flows, rules } = summary;
  const running = engine.running()?.revision === id;
  return {
    id,
    author,
    message,
    at: rfc3339(at),
    outcome,
    running,
    counts: { flows, rules },
  };
}

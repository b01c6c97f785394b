/** `/directors`, `/tables`, `/interfaces`: where packets go, and what is missing on the way. */
import {
  directorBodySchema,
  directorSchema,
  directorsSchema,
  interfacesSchema,
  tablesSchema,
} from "@flowmgr/flow-api";
import type { Marks } from "@flowmgr/flow-compiler";
import { type Config, changes, EMPTY_CONFIG, parseDirectorName } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import type { Engine, Parts } from "../parts.ts";
import { notFound, Problem } from "../problem.ts";
import { director, directors } from "./directors.ts";
import { interfaces } from "./interfaces.ts";
import { PAGE, paged } from "./paged.ts";
import { tables } from "./tables.ts";
import { hex, type World } from "./world.ts";

const tags = ["paths"];

/** `log`: a line for the server's log, where marks that are set by hand are written down. */
export function registerPaths(app: Api, parts: Parts, log: (line: string) => void): void {
  const { draft, engine, settings } = parts;
  const world = async (): Promise<World> => {
    const { reading, program } = await engine.seen();
    const { config } = draft.get();
    return {
      draft: config,
      next: marksOf(engine, config),
      markedByHand: engine.markedByHand(),
      running: engine.running()?.config ?? EMPTY_CONFIG,
      program,
      reading,
      markMask: settings.markMask,
    };
  };
  app.get(
    "/directors",
    {
      schema: {
        tags,
        summary: "Directors of draft and running config: marks, where used, health line by line",
        querystring: PAGE,
        response: { 200: directorsSchema },
      },
    },
    async ({ query }) => {
      const { page, next } = paged(directors(await world()), query);
      return { directors: page, next };
    },
  );
  registerMark(app, parts, world, log);
  app.get(
    "/tables",
    {
      schema: {
        tags,
        summary: "Routing tables that flows name or could: marks, routes, where used, health line by line",
        querystring: PAGE,
        response: { 200: tablesSchema },
      },
    },
    async ({ query }) => {
      const { page, next } = paged(tables(await world()), query);
      return { tables: page, next };
    },
  );
  app.get(
    "/interfaces",
    {
      schema: {
        tags,
        summary: "Interfaces of the machine and of the draft: addresses, where used, health line by line",
        querystring: PAGE,
        response: { 200: interfacesSchema },
      },
    },
    async ({ query }) => {
      const { page, next } = paged(interfaces(await world()), query);
      return { interfaces: page, next };
    },
  );
}

/** The marks that an apply would give; null when it would be refused. */
function marksOf(engine: Engine, config: Config): Marks | null {
  try {
    return engine.marks(config);
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

function registerMark(
  app: Api,
  { engine, events, draft }: Parts,
  world: () => Promise<World>,
  log: (line: string) => void,
): void {
  app.put(
    "/directors/:name",
    {
      schema: {
        tags,
        summary: "Set a director's mark by hand, in effect at the next apply; null: any mark will do",
        params: z.strictObject({ name: z.string() }),
        body: directorBodySchema,
        response: { 200: directorSchema },
      },
    },
    async ({ params, body: { mark }, caller }) => {
      const parsed = parseDirectorName(params.name);
      if ("error" in parsed) throw badName(parsed.error);
      const name = parsed.ok;
      if (mark === null && !director(await world(), name)) throw notFound(`There is no director ${name}.`);
      await engine.setMark(name, mark);
      const what = mark === null ? "is no longer set by hand" : `was set to ${hex(mark)}`;
      log(`the mark of director ${name} ${what} by ${caller.name} (${caller.via}, ${caller.address})`);
      const { etag, changedBy, changedAt, config } = draft.get();
      const count = changes(engine.running()?.config ?? EMPTY_CONFIG, config).changes.length;
      events.emit("draft", { etag, changedBy, changedAt, changes: count });
      const found = director(await world(), name);
      if (!found) throw notFound(`There is no director ${name} any more.`);
      return found;
    },
  );
}

function badName({ message, help }: { message: string; help?: string | undefined }): Problem {
  return new Problem({
    status: 422,
    code: "bad-director",
    title: "Not a director's name",
    detail: help ? `${message}; ${help}` : message,
  });
}

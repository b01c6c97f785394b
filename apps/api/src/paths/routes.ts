/** `/directors`, `/tables`, `/interfaces`: where packets go, and what is missing on the way. */
import { directorsSchema, interfacesSchema, tablesSchema } from "@flowmgr/flow-api";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { directors } from "./directors.ts";
import { interfaces } from "./interfaces.ts";
import { tables } from "./tables.ts";
import type { World } from "./world.ts";

const tags = ["paths"];

export function registerPaths(app: Api, { draft, engine, settings }: Parts): void {
  const world = async (): Promise<World> => {
    const { reading, program } = await engine.seen();
    return {
      draft: draft.get().config,
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
        response: { 200: directorsSchema },
      },
    },
    async () => ({ directors: directors(await world()) }),
  );
  app.get(
    "/tables",
    {
      schema: {
        tags,
        summary: "Routing tables that flows name or could: marks, routes, where used, health line by line",
        response: { 200: tablesSchema },
      },
    },
    async () => ({ tables: tables(await world()) }),
  );
  app.get(
    "/interfaces",
    {
      schema: {
        tags,
        summary: "Interfaces of the machine and of the draft: addresses, where used, health line by line",
        response: { 200: interfacesSchema },
      },
    },
    async () => ({ interfaces: interfaces(await world()) }),
  );
}

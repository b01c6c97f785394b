/** `/draft/plan`: what an apply of the draft would do, before it happens. */
import { packetPageSchema, planSchema } from "@flowmgr/flow-api";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { z } from "zod";
import { goneSignal } from "../analysis/gone.ts";
import { furtherKinds, furtherRegions } from "../analysis/packets.ts";
import type { Api } from "../api.ts";
import { etagHeader } from "../config/answer.ts";
import { refuseErrors } from "../config/body.ts";
import { count } from "../count.ts";
import type { Parts } from "../parts.ts";
import { notFound } from "../problem.ts";
import { buildPlan } from "./plan.ts";
import { timed } from "./timing.ts";

const tags = ["apply"];

export function registerPlan(app: Api, parts: Parts): void {
  const { draft } = parts;
  app.get(
    "/draft/plan",
    {
      schema: {
        tags,
        summary: "What an apply of the draft would do",
        response: { 200: planSchema },
      },
    },
    async ({ caller }, reply) => {
      const stored = draft.get();
      const { etag, config, authors, places } = stored;
      const wanted = {
        ...{ etag, config, authors, places, caller, accept: [] },
        diagnostics: await timed("check", () => draft.check()),
        sound: draft.sound(),
      };
      const plan = await buildPlan(parts, wanted, { place: "draft", signal: goneSignal(reply) });
      return reply.headers(etagHeader(stored)).send(plan);
    },
  );
  registerPackets(app, parts);
}

const querySchema = z.strictObject({
  /** Number of a kind in the whole list, from 0: its regions are told, no other kind is. */
  change: count(0, 100_000).optional(),
  after: count(0, 100_000).default(0),
  limit: count(1, 100).default(20),
});

function registerPackets(app: Api, parts: Parts): void {
  const { draft, engine } = parts;
  app.get(
    "/draft/plan/packets",
    {
      schema: {
        tags,
        summary:
          "Further packets whose verdict would be another: kinds, or with change=N regions of one kind",
        querystring: querySchema,
        response: { 200: packetPageSchema },
      },
    },
    async (request, reply) => {
      const stored = draft.get();
      if (!draft.sound()) refuseErrors(draft.check());
      const { change, after, limit } = request.query;
      const both = [engine.running()?.config ?? EMPTY_CONFIG, stored.config] as const;
      const asked = { signal: goneSignal(reply) };
      const page =
        change === undefined
          ? await furtherKinds(parts, both, { after, limit }, asked)
          : await furtherRegions(parts, both, { change, after, limit }, asked);
      if (change !== undefined && page.status === "complete" && change >= page.total) {
        throw notFound(`There is no kind of change ${change}: there are ${page.total}, counted from 0.`);
      }
      return reply.headers(etagHeader(stored)).send(page);
    },
  );
}

/** `/kernel`: what of ours stands in the kernel, what differs from what should, and putting it right. */
import { type KernelListing, kernelSchema, repairedSchema } from "@flowmgr/flow-api";
import { listsBySet } from "@flowmgr/flow-compiler";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { z } from "zod";
import type { Api } from "../api.ts";
import { SERVER } from "../apply/self-repair.ts";
import { rfc3339 } from "../clock.ts";
import { count } from "../count.ts";
import type { Parts } from "../parts.ts";
import { notFound } from "../problem.ts";
import { driftText } from "./drift-text.ts";
import { listing } from "./listing.ts";

const tags = ["kernel"];

/** Chains on a page of each family, unless asked otherwise, and at most: 1000 flows are some 800 KB. */
const MOST = 1000;

const query = z
  .strictObject({
    family: z.enum(["ip", "ip6"]).optional(),
    /** One chain alone. */
    chain: z.string().optional(),
    limit: count(1, MOST).default(MOST),
    after: z.string().optional(),
  })
  .refine(({ family, after }) => after === undefined || family !== undefined, {
    message: "each family has pages of its own: give family=ip or family=ip6 with after",
    path: ["after"],
  });

/** `log`: a line for the server's log, where repairs are written down. */
export function registerKernel(
  app: Api,
  { kernel, engine, events }: Parts,
  log: (line: string) => void,
): void {
  const stop = events.subscribe((name, payload) => {
    if (name !== "repair" || !("by" in payload) || payload.by !== SERVER) return;
    log(`${SERVER} put ${nameOf(payload.revision)} back into the kernel: ${payload.detail}`);
  });
  app.addHook("onClose", async () => stop());
  app.get(
    "/kernel",
    {
      schema: {
        tags,
        summary:
          "Our chains as the kernel has them, a page at a time, and what differs from what should be there",
        querystring: query,
        response: { 200: kernelSchema },
      },
    },
    async (request): Promise<KernelListing> => {
      const { at, reading, program, drift } = await engine.seen();
      const listed = listing(
        reading,
        program,
        listsBySet(engine.running()?.config ?? EMPTY_CONFIG),
        request.query,
      );
      if (!listed) throw notFound(`There is no chain ${request.query.after} now. Begin with the first page.`);
      return {
        at: rfc3339(at),
        command: kernel.facts.listCommand,
        ...listed,
        drift: {
          drifted: drift !== null,
          detail: drift?.detail ?? null,
          text: drift ? driftText(reading, drift.wanted) : "",
        },
        repairs: engine.repairs(),
      };
    },
  );
  app.post(
    "/kernel/repair",
    {
      schema: {
        tags,
        summary: "Put what is in force back where somebody else changed it; rules of others stay as they are",
        response: { 200: repairedSchema },
      },
    },
    async ({ caller }) => {
      const repaired = await engine.repair(caller.name);
      const who = `${caller.name} (${caller.via}, ${caller.address})`;
      if (repaired.changed) log(`${who} put ${nameOf(repaired.revision)} back into the kernel`);
      return repaired;
    },
  );
}

const nameOf = (revision: number | null) => (revision === null ? "the empty rules" : `revision ${revision}`);

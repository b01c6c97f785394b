/** `PUT /config`: a whole config in, in force when the answer comes. Twice the same does nothing. */
import { messageSchema, putConfigSchema } from "@flowmgr/flow-api";
import { locate, type Places } from "@flowmgr/flow-model";
import { z } from "zod";
import { goneSignal } from "../analysis/gone.ts";
import type { Api } from "../api.ts";
import { knownConfigs, readConfig, refuseErrors } from "../config/body.ts";
import { checkMachine } from "../config/machine-check.ts";
import { CONFIG_BODY, IF_MATCH } from "../config/schemas.ts";
import type { Parts } from "../parts.ts";
import { tryWrite } from "../store/database.ts";
import { blocking } from "./blocking.ts";
import { refuseGuarded } from "./guards.ts";
import { buildPlan } from "./plan.ts";
import { timed } from "./timing.ts";

/** JSON has paths and no lines. */
const NO_PLACES: Places = new Map();

const querySchema = z.strictObject({
  confirmWithin: z
    .string()
    .regex(/^\d{1,5}$/, "write seconds, 0 to 86400")
    .transform(Number)
    .refine((seconds) => seconds <= 86_400, "write seconds, 0 to 86400")
    .default(0),
  message: messageSchema.default(""),
  accept: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((given) => (typeof given === "string" ? [given] : given)),
  dryRun: z.enum(["true", "false"]).default("false"),
});

export function registerPutConfig(app: Api, parts: Parts): void {
  const { draft, engine } = parts;
  app.put(
    "/config",
    {
      schema: {
        tags: ["apply"],
        summary: "Check and apply a whole config, for good unless confirmWithin says otherwise",
        headers: IF_MATCH,
        querystring: querySchema,
        body: CONFIG_BODY,
        response: { 200: putConfigSchema },
      },
    },
    async (request, reply) => {
      const { confirmWithin, message, accept, dryRun } = request.query;
      const { caller } = request;
      const ifMatch = request.headers["if-match"];
      if (ifMatch !== undefined) draft.requireMatch(ifMatch);
      const {
        config,
        places = NO_PLACES,
        ...read
      } = await timed("read", () => readConfig(request, knownConfigs(parts)));
      const machine = await timed("check", () => locate(checkMachine(config, engine.state()), places));
      const diagnostics = [...read.diagnostics, ...machine];
      if (blocking(diagnostics, accept).length > 0) refuseErrors(diagnostics);
      if (dryRun === "true") {
        const { etag } = draft.get();
        const wanted = { etag, authors: [], config, diagnostics, sound: true, accept, places, caller };
        return buildPlan(parts, wanted, { signal: goneSignal(reply) });
      }
      await timed("guards", () => refuseGuarded(parts, { config, diagnostics, places, accept, caller }));
      // The guards take their time.
      if (ifMatch !== undefined) draft.requireMatch(ifMatch);
      const before = draft.get();
      const clean = before.text === (engine.running()?.text ?? "");
      const applied = await engine.apply({
        config,
        message,
        confirmWithin,
        caller,
      });
      // A clean draft follows; one with edits of its own, or edited while this ran, is somebody's work.
      if (clean && draft.get().etag === before.etag) {
        await timed("draft", () => tryWrite(() => draft.reset(config, caller.name)));
      }
      return applied;
    },
  );
}

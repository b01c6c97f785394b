/** Calls that take a config and keep nothing. */
import { checkSchema, formatSchema } from "@flowmgr/flow-api";
import { print } from "@flowmgr/flow-model";
import type { Api } from "../api.ts";
import { wantsText } from "./accept.ts";
import { countsOf } from "./answer.ts";
import { readConfig, refuseErrors } from "./body.ts";
import { CONFIG_BODY, TEXT } from "./schemas.ts";

const tags = ["stateless"];

export function registerStateless(app: Api): void {
  app.post(
    "/check",
    {
      schema: {
        tags,
        summary: "All that is wrong with a config; always 200",
        body: CONFIG_BODY,
        response: { 200: checkSchema },
      },
    },
    async (request) => {
      const { config, diagnostics } = readConfig(request);
      return { diagnostics, counts: countsOf(config, diagnostics) };
    },
  );
  app.post(
    "/format",
    {
      schema: {
        tags,
        summary: "Canonical text, and the same as JSON; text alone with Accept: text/plain",
        body: CONFIG_BODY,
        response: {
          200: {
            description: "The config",
            content: { "application/json": { schema: formatSchema }, ...TEXT },
          },
        },
      },
    },
    async (request, reply) => {
      const { config, diagnostics } = readConfig(request);
      refuseErrors(diagnostics);
      const text = print(config);
      reply.header("Vary", "Accept");
      if (wantsText(request)) return reply.type("text/plain; charset=utf-8").send(text);
      return reply.send({ text, config });
    },
  );
}

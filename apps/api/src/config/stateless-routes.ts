/** Calls that take a config and keep nothing. */
import {
  type Compiled,
  checkSchema,
  compiledSchema,
  formatQuerySchema,
  formatSchema,
} from "@flowmgr/flow-api";
import { markOf, renderFamily, renderRouting, renderSets } from "@flowmgr/flow-compiler";
import { locate, print } from "@flowmgr/flow-model";
import { checkAll } from "../analysis/check.ts";
import { goneSignal } from "../analysis/gone.ts";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { wantsText } from "./accept.ts";
import { readConfig, refuseErrors } from "./body.ts";
import { checkMachine } from "./machine-check.ts";
import { inPageWords } from "./page-words.ts";
import { CONFIG_BODY, TEXT } from "./schemas.ts";

const tags = ["stateless"];

type StatelessParts = Pick<Parts, "engine" | "settings" | "analyst">;

export function registerStateless(app: Api, parts: StatelessParts): void {
  registerCheckAndFormat(app, parts);
  registerCompile(app, parts);
}

function registerCheckAndFormat(app: Api, parts: StatelessParts): void {
  app.post(
    "/check",
    {
      schema: {
        tags,
        summary: "All that is to say of a config, over all packets too; always 200",
        body: CONFIG_BODY,
        response: { 200: checkSchema },
      },
    },
    (request, reply) => {
      const { config, diagnostics, places = new Map() } = readConfig(request);
      const sound = !diagnostics.some(({ severity }) => severity === "error");
      const asked = { signal: goneSignal(reply) };
      return checkAll(parts, { config, diagnostics, places, sound }, asked);
    },
  );
  app.post(
    "/format",
    {
      schema: {
        tags,
        summary: "Canonical text, and the same as JSON; text alone with Accept: text/plain",
        description: "With words=page in the words of the original page alone; 422 for what it cannot say.",
        querystring: formatQuerySchema,
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
      const { config: read, diagnostics, places } = readConfig(request);
      refuseErrors(diagnostics);
      const { text, config } =
        request.query.words === "page" ? inPageWords(read, places) : { text: print(read), config: read };
      reply.header("Vary", "Accept");
      if (wantsText(request)) return reply.type("text/plain; charset=utf-8").send(text);
      return reply.send({ text, config });
    },
  );
}

function registerCompile(app: Api, { engine, settings }: Pick<Parts, "engine" | "settings">): void {
  const hex = (marks: { [name: string]: number }) =>
    Object.fromEntries(
      Object.entries(marks).map(([name, index]) => [
        name,
        `0x${markOf(index, settings.markMask).toString(16)}`,
      ]),
    );
  app.post(
    "/compile",
    {
      schema: {
        tags,
        summary: "What the kernel of this machine would hold, with the marks that an apply would give",
        body: CONFIG_BODY,
        response: { 200: compiledSchema },
      },
    },
    async (request): Promise<Compiled> => {
      const { config, diagnostics, places = new Map() } = readConfig(request);
      refuseErrors([...diagnostics, ...locate(checkMachine(config, engine.state()), places)]);
      const program = engine.compile(config);
      return {
        ip: renderFamily(program, "ip"),
        ip6: renderFamily(program, "ip6"),
        sets: renderSets(program, "ip") + renderSets(program, "ip6"),
        routing: renderRouting(program),
        marks: { directors: hex(program.marks.directors), tables: hex(program.marks.tables) },
      };
    },
  );
}

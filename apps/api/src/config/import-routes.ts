/** Text of the original page or of iptables-save, as a config; nothing is kept. */
import { importBodySchema, importedSchema } from "@flowmgr/flow-api";
import { markOf } from "@flowmgr/flow-compiler";
import { type Action, check, print } from "@flowmgr/flow-model";
import { type ImportSource, importSourceOf, importText, LONGEST } from "@flowmgr/flow-model/exchange";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { Problem } from "../problem.ts";

type ImportParts = Pick<Parts, "engine" | "settings">;

export function registerImport(app: Api, parts: ImportParts): void {
  app.post(
    "/import",
    {
      schema: {
        tags: ["stateless"],
        summary:
          "Flows of the original page or of iptables-save as a config, and every line left out; always 200",
        body: importBodySchema,
        response: { 200: importedSchema },
      },
    },
    async ({ body: { text, from = importSourceOf(text) } }) => {
      refuseLong(text, from);
      const { config, leftOut } = importText(text, from, { marks: marksInForce(parts) });
      return { from, config, text: print(config), leftOut, diagnostics: check(config) };
    },
  );
}

function refuseLong(text: string, from: ImportSource): void {
  if (text.length <= LONGEST[from]) return;
  const advice = from === "page" ? " A config by itself goes to PUT /draft as text/plain." : "";
  throw new Problem({
    status: 413,
    code: "text-too-long",
    title: "Text too long",
    detail: `As ${from} at most ${LONGEST[from]} characters are read at once, and this text has ${text.length}.${advice}`,
  });
}

/** What the marks of the config in force stand for: rules of this machine that set them can be read. */
function marksInForce({ engine, settings }: ImportParts): Map<string, Action> {
  const { directors = {}, tables = {} } = engine.running()?.marks ?? {};
  const mark = (index: number) => `0x${markOf(index, settings.markMask).toString(16)}`;
  const meanings = new Map<string, Action>();
  for (const [director, index] of Object.entries(directors)) {
    meanings.set(mark(index), { action: "director", director });
  }
  for (const [table, index] of Object.entries(tables)) meanings.set(mark(index), { action: "table", table });
  return meanings;
}

/** Search: what becomes of all packets that conditions describe. */
import { toldRegion } from "@flowmgr/flow-analysis";
import { searchBodySchema, searchSchema } from "@flowmgr/flow-api";
import { type Conditions, type Config, check, type Flow } from "@flowmgr/flow-model";
import { goneSignal } from "../analysis/gone.ts";
import type { Api } from "../api.ts";
import type { Parts } from "../parts.ts";
import { Problem } from "../problem.ts";
import { chosenConfig } from "./chosen.ts";

type SearchParts = Pick<Parts, "draft" | "engine" | "db" | "settings" | "analyst">;

export function registerSearch(app: Api, parts: SearchParts): void {
  app.post(
    "/search",
    {
      schema: {
        tags: ["trace"],
        summary: "What becomes of all packets that conditions describe, by who decides; nothing is sent",
        body: searchBodySchema,
        response: { 200: searchSchema },
      },
    },
    async ({ body }, reply) => {
      const { direction, conditions, verdict } = body;
      const config = chosenConfig(parts, body);
      refuseConditions(conditions, config);
      const asked = { direction, conditions, ...(verdict && { verdict: { ...verdict } }) };
      const { status, total, groups } = await parts.analyst.search(config, asked, {
        signal: goneSignal(reply),
      });
      return {
        ...{ status, total },
        groups: groups.map(({ decider, regions, whole }) => ({
          ...{ decider, whole },
          regions: regions.map(toldRegion),
        })),
      };
    },
  );
}

/** Throws Problem 422 for conditions that no rule of the config could have, each at its place in the body. */
function refuseConditions(conditions: Conditions, { items }: Config): void {
  const lists = items.filter(({ kind }) => kind === "list");
  const plain = { off: false, comment: [], note: "" };
  const asked: Flow = {
    ...{ kind: "flow", name: "asked", policy: { action: "permit" }, skipped: false, comment: [], note: "" },
    rules: [{ verb: "match", ...plain, conditions }],
  };
  const rule = `/items/${lists.length}/rules/0`;
  const errors = check({ items: [...lists, asked], comment: [] }).flatMap(
    ({ flow: _flow, rule: _rule, ...one }) =>
      one.severity === "error" && one.path?.startsWith(rule)
        ? [{ ...one, path: one.path.slice(rule.length) }]
        : [],
  );
  const [first] = errors;
  if (!first) return;
  throw new Problem({
    status: 422,
    code: "bad-conditions",
    title: "No packets that a rule could describe",
    detail: first.help ? `${first.message}; ${first.help}` : first.message,
    diagnostics: errors,
  });
}

/** Values that the fields of the bulk change offer. */
import type { Status } from "@flowmgr/flow-api";
import type { ConditionKind, Config, Flow } from "@flowmgr/flow-model";
import { directorSuggestions, suggestionsFor, tableSuggestions } from "../api/index.ts";
import type { Suggestion } from "../ui/suggest.tsx";
import { REPLACE_IN } from "./bulk-change.ts";

type Field = keyof typeof REPLACE_IN | ConditionKind | "permit" | "deny" | "director" | "table";
type Sources = { flows: readonly Flow[]; config: Config; status: Status | undefined };

/** `used`: what the flows have there now; `known`: that, what the machine has and what the language names. */
export function suggestionsOf(
  field: Field,
  { flows, config, status }: Sources,
): { used: Suggestion[]; known: Suggestion[] } {
  if (field === "permit" || field === "deny") return { used: [], known: [] };
  if (field === "director") return both([], directorSuggestions(status));
  if (field === "table") return both([], tableSuggestions(status));
  const kinds: readonly ConditionKind[] =
    field === "address" || field === "port" ? REPLACE_IN[field] : [field];
  const values = flows.flatMap(({ rules }) =>
    rules.flatMap(({ conditions }) => kinds.flatMap((kind) => conditions[kind]?.values ?? [])),
  );
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const used = [...counts].map(
    ([value, count]): Suggestion => ({ value, detail: `${count} ${count === 1 ? "rule" : "rules"}` }),
  );
  return both(used, kinds[0] ? suggestionsFor(kinds[0], [], config, status) : []);
}

const both = (used: Suggestion[], known: Suggestion[]) => {
  const names = new Set(used.map(({ value }) => value));
  return { used, known: [...used, ...known.filter(({ value }) => !names.has(value))] };
};

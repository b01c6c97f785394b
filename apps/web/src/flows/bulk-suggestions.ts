/** Values that the fields of the bulk change offer. */
import type { Status } from "@flowmgr/flow-api";
import {
  type ConditionKind,
  type Config,
  type Flow,
  ICMP_NAMES,
  listKindOf,
  listKinds,
  PROTOCOLS,
} from "@flowmgr/flow-model";
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
  if (field === "director")
    return both(
      [],
      (status?.directors ?? []).map(({ name }) => ({ value: name })),
    );
  if (field === "table")
    return both(
      [],
      (status?.tables ?? []).map(({ name, number }) => ({ value: name, detail: String(number) })),
    );
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
  return both(used, kinds[0] ? knownOf(kinds[0], config, status) : []);
}

const both = (used: Suggestion[], known: Suggestion[]) => {
  const names = new Set(used.map(({ value }) => value));
  return { used, known: [...used, ...known.filter(({ value }) => !names.has(value))] };
};

function knownOf(kind: ConditionKind, config: Config, status: Status | undefined): Suggestion[] {
  switch (kind) {
    case "iface":
      return (status?.interfaces ?? []).map((value) => ({ value }));
    case "proto":
      return PROTOCOLS.map(({ name, title }) => ({ value: name, detail: title }));
    case "icmptype":
      return ICMP_NAMES[4].map(([value]) => ({ value }));
    case "state":
      return ["new", "established", "related", "invalid", "untracked"].map((value) => ({ value }));
    default:
      return [...listKinds(config)]
        .filter(([, of]) => of === listKindOf(kind))
        .map(([name]) => ({ value: `@${name}`, detail: "list" }));
  }
}

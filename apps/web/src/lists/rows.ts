/** Named lists as the table shows them: what each holds, and where it is used. */
import {
  type ConditionKind,
  type Config,
  type Diagnostic,
  type List,
  type ListKind,
  type ListUse,
  listKinds,
  listsOf,
  usesOf,
} from "@flowmgr/flow-model";
import { counted } from "../ui/say.ts";

export type ListRow = {
  list: List;
  kind: ListKind | null;
  uses: ListUse[];
  /** The most serious thing that is wrong with it. */
  diagnostic: Diagnostic | null;
};

/** The lists of a config in its order. `diagnostics` are those of the whole config. */
export function rowsOf(config: Config, diagnostics: readonly Diagnostic[]): ListRow[] {
  const kinds = listKinds(config);
  const uses = usesOf(config);
  const places = new Map(config.items.map((item, index) => [item, index]));
  return listsOf(config).map((list) => {
    const own = diagnostics.filter(({ path }) => path?.startsWith(`/items/${places.get(list)}/`));
    return {
      list,
      kind: kinds.get(list.name) ?? null,
      uses: uses.get(list.name) ?? [],
      diagnostic: own.find(({ severity }) => severity === "error") ?? own[0] ?? null,
    };
  });
}

/** Rows in whose name, values or comments every word occurs; all of them when the query is blank. */
export function found(rows: readonly ListRow[], query: string): ListRow[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(({ list }) => {
    const text = [`@${list.name}`, ...list.values, ...list.comment, list.note].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** "3 rules in 2 flows, 1 list, 1 expectation", "nowhere". */
export function usedIn(uses: readonly ListUse[]): string {
  const flows = uses.filter((use) => "flow" in use);
  const rules = new Set(flows.map(({ flow, rule }) => `${flow} ${rule}`)).size;
  const inFlows = new Set(flows.map(({ flow }) => flow)).size;
  const lists = uses.filter((use) => "list" in use).length;
  const expectations = new Set(uses.flatMap((use) => ("expect" in use ? [use.expect] : []))).size;
  const parts = [
    ...(rules > 0 ? [`${counted(rules, "rule")} in ${counted(inFlows, "flow")}`] : []),
    ...(lists > 0 ? [counted(lists, "list")] : []),
    ...(expectations > 0 ? [counted(expectations, "expectation")] : []),
  ];
  return parts.join(", ") || "nowhere";
}

const SAID: { [K in ConditionKind]?: string } = {
  src: "from",
  dst: "to",
  srcport: "source port",
  dstport: "port",
};

/** "rule 2, from": where in its flow a list is named. */
export function placeInFlow({ rule, kind }: Extract<ListUse, { flow: string }>): string {
  return `rule ${rule}, ${SAID[kind] ?? kind}`;
}

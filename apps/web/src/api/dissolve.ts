/** A list that is used cannot just go: its values can stand where its name stood. */
import {
  CONDITION_KINDS,
  type Conditions,
  type Config,
  type Edit,
  flowsOf,
  keyOf,
  type List,
  listKindOf,
  listsOf,
} from "@flowmgr/flow-model";

/** The edits that put a list's values wherever it is named, and then take it away: all means the same as before. */
export function dissolve(config: Config, list: List): Edit[] {
  const reference = `@${list.name}`;
  const filled = (values: string[]) =>
    values.includes(reference)
      ? [...new Set(values.flatMap((value) => (value === reference ? list.values : [value])))]
      : values;
  const inLists = listsOf(config).flatMap((other): Edit[] => {
    const values = filled(other.values);
    if (values === other.values) return [];
    return [{ do: "change", name: `@${other.name}`, item: { ...other, values } }];
  });
  const inRules = flowsOf(config).flatMap(({ name, rules }) =>
    rules.flatMap((rule, index): Edit[] => {
      const conditions = mapConditions(rule.conditions, filled);
      if (conditions === rule.conditions) return [];
      return [{ do: "change-rule", flow: name, number: index + 1, rule: { ...rule, conditions } }];
    }),
  );
  return [...inLists, ...inRules, ...inExpectations(config, filled), { do: "remove", name: reference }];
}

/** One that says with the values what another says already goes: the same twice would be refused. */
function inExpectations(config: Config, filled: (values: string[]) => string[]): Edit[] {
  const keys = new Set(config.items.map(keyOf));
  return config.items.flatMap((item): Edit[] => {
    if (item.kind !== "expect") return [];
    const conditions = mapConditions(item.conditions, filled);
    if (conditions === item.conditions) return [];
    const name = keyOf(item);
    const changed = { ...item, conditions };
    if (keys.has(keyOf(changed))) return [{ do: "remove", name }];
    keys.add(keyOf(changed));
    return [{ do: "change", name, item: changed }];
  });
}

function mapConditions(conditions: Conditions, to: (values: string[]) => string[]): Conditions {
  let changed = conditions;
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (!condition || !listKindOf(kind)) continue;
    const values = to(condition.values);
    if (values !== condition.values) changed = { ...changed, [kind]: { ...condition, values } };
  }
  return changed;
}

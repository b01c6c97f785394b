/**
 * The JSON form of a config. The one source of these types: zod schemas, types inferred from them.
 *
 * Text and JSON say the same; converting there and back changes nothing. Input may write a condition short
 * (`"dst": "192.168.0.2"`, `"src": "not 192.168.0.0/24"`, an array), and may leave out what has a default;
 * what the schemas give is always the long form. Unknown fields are errors: a misspelt field that is silently
 * dropped would be a rule that does not say what its author meant.
 */
import { z } from "zod";
import { CONDITION_KINDS, type ConditionKind } from "./config.ts";

export * from "./config.ts";

/** One condition: `not` negates the whole list of values; values are as written. */
export type Condition = { not: boolean; values: string[] };

export type Conditions = { [K in ConditionKind]?: Condition };

const comment = z.array(z.string()).default([]);
const note = z.string().default("");

const longCondition = z.strictObject({
  not: z.boolean().default(false),
  values: z.array(z.string()),
});

/** `"dst": "not 10.0.0.0/8"`, `["a", "b"]` or the long form; gives the long form. */
export const conditionSchema: z.ZodType<Condition, unknown> = z
  .union([z.string(), z.array(z.string()), longCondition])
  .transform((written): Condition => {
    if (Array.isArray(written)) return { not: false, values: written };
    if (typeof written !== "string") return written;
    const negated = /^\s*not\s+(.*)$/s.exec(written);
    return negated ? { not: true, values: [negated[1] ?? ""] } : { not: false, values: [written] };
  });

export const conditionsSchema = z.strictObject({
  iface: conditionSchema.optional(),
  proto: conditionSchema.optional(),
  src: conditionSchema.optional(),
  dst: conditionSchema.optional(),
  srcport: conditionSchema.optional(),
  dstport: conditionSchema.optional(),
  icmptype: conditionSchema.optional(),
  state: conditionSchema.optional(),
});

export const ruleSchema = z.strictObject({
  verb: z.enum(["match", "ignore"]),
  off: z.boolean().default(false),
  comment,
  note,
  conditions: conditionsSchema.default({}),
});

export type Rule = {
  verb: "match" | "ignore";
  off: boolean;
  /** Comment lines above it, without `#` and the space behind it. */
  comment: string[];
  /** The comment on its own line. */
  note: string;
  conditions: Conditions;
};

/** An action that a flow's policy may name; `skip` is not one of them (see `Flow.skipped`). */
export const actionSchema = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("permit") }),
  z.strictObject({ action: z.literal("deny") }),
  z.strictObject({ action: z.literal("director"), director: z.string() }),
  z.strictObject({ action: z.literal("table"), table: z.string() }),
]);

export type Action = z.infer<typeof actionSchema>;

export const flowSchema = z.strictObject({
  kind: z.enum(["flow", "outflow"]),
  name: z.string(),
  policy: actionSchema.nullable().default(null),
  skipped: z.boolean().optional(),
  comment,
  note,
  rules: z.array(ruleSchema).default([]),
});

/** A flow or outflow. `policy: null, skipped: true` is plain `skip`; a policy with `skipped` is `skip ACTION`. */
export type Flow = {
  kind: "flow" | "outflow";
  name: string;
  policy: Action | null;
  skipped: boolean;
  comment: string[];
  note: string;
  rules: Rule[];
};

export const listSchema = z.strictObject({
  kind: z.literal("list"),
  name: z.string(),
  values: z.array(z.string()).default([]),
  comment,
  note,
});

export type List = { kind: "list"; name: string; values: string[]; comment: string[]; note: string };

export const expectSchema = z.strictObject({
  kind: z.literal("expect"),
  direction: z.enum(["in", "out"]).default("in"),
  verdict: z.discriminatedUnion("action", [
    ...actionSchema.options,
    z.strictObject({ action: z.literal("undecided") }),
  ]),
  conditions: conditionsSchema.default({}),
  comment,
  note,
});

export type Expect = {
  kind: "expect";
  direction: "in" | "out";
  verdict: Action | { action: "undecided" };
  conditions: Conditions;
  comment: string[];
  note: string;
};

export type Item = Flow | List | Expect;

export const itemSchema: z.ZodType<Item, unknown> = z
  .discriminatedUnion("kind", [flowSchema, listSchema, expectSchema])
  .transform((item): Item => {
    if (item.kind === "list") return item;
    if (item.kind === "expect") return { ...item, conditions: present(item.conditions) };
    return {
      ...item,
      // No policy means skip: a flow that has none is not visited.
      skipped: item.skipped ?? item.policy === null,
      rules: item.rules.map((rule) => ({ ...rule, conditions: present(rule.conditions) })),
    };
  });

export const configSchema: z.ZodType<Config, unknown> = z.strictObject({
  items: z.array(itemSchema),
  comment,
});

export type Config = {
  items: Item[];
  /** Comment lines behind the last item. */
  comment: string[];
};

/** Conditions in the grammar's order, without the kinds that are not set. */
function present(conditions: z.infer<typeof conditionsSchema>): Conditions {
  const set: Conditions = {};
  for (const kind of CONDITION_KINDS) {
    const condition = conditions[kind];
    if (condition) set[kind] = condition;
  }
  return set;
}

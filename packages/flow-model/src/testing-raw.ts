/** Random configs that are mostly wrong, for what must hold of any input. */
import fc, { type Arbitrary } from "fast-check";
import { type Action, CONDITION_KINDS, type Config, type Expect, type Flow, type Rule } from "./schema.ts";
import { arbitraryAction, VALUES } from "./testing-values.ts";

/** Anything that has the shape of a config, right or wrong: cycles, contradictions, control characters, twins. */
export function arbitraryRawConfig(): Arbitrary<Config> {
  const reference = fc.constantFrom("@a", "@b", "@");
  const text = fc.oneof(fc.string({ maxLength: 8 }), reference, ...Object.values(VALUES));
  const condition = fc.record({ not: fc.boolean(), values: fc.array(text, { maxLength: 3 }) });
  const raw = fc.string({ maxLength: 8, unit: "binary" });
  const remark = { comment: fc.array(raw, { maxLength: 2 }), note: raw };
  const name = fc.oneof(raw, fc.constantFrom("a", "b"));
  const rule = fc.record({
    verb: fc.constantFrom<Rule["verb"][]>("match", "ignore"),
    off: fc.boolean(),
    ...remark,
    conditions: fc.dictionary(fc.constantFrom(...CONDITION_KINDS), condition, { noNullPrototype: true }),
  });
  const flow = fc.record({
    kind: fc.constantFrom<Flow["kind"][]>("flow", "outflow"),
    name,
    policy: fc.option(
      fc.oneof(
        arbitraryAction,
        raw.map((director): Action => ({ action: "director", director })),
      ),
    ),
    skipped: fc.boolean(),
    ...remark,
    rules: fc.array(rule, { maxLength: 3 }),
  });
  const list = fc.record({
    kind: fc.constant("list" as const),
    name,
    values: fc.array(text, { maxLength: 3 }),
    ...remark,
  });
  const expect = fc.record({
    kind: fc.constant("expect" as const),
    direction: fc.constantFrom<Expect["direction"][]>("in", "out"),
    verdict: fc.oneof<Arbitrary<Expect["verdict"]>[]>(
      arbitraryAction,
      fc.constant({ action: "undecided" }),
      raw.map((table) => ({ action: "table", table })),
    ),
    conditions: rule.map(({ conditions }) => conditions),
    ...remark,
  });
  const item = fc.oneof(flow, list, expect);
  return fc.record({ items: fc.array(item, { maxLength: 5 }), comment: remark.comment });
}

/** Random configs and packets for property tests (fast-check), and a big realistic config for benches. */
import fc, { type Arbitrary } from "fast-check";
import { Lists } from "./check-lists.ts";
import { checkRule } from "./check-rule.ts";
import { keyOf } from "./item-key.ts";
import { expandLists, listNamed } from "./lists.ts";
import {
  CONDITION_KINDS,
  type ConditionKind,
  type Conditions,
  type Config,
  type Expect,
  type Flow,
  flowsOf,
  type Item,
  type List,
  type Rule,
} from "./schema.ts";
import {
  arbitraryAction,
  arbitraryListValues,
  arbitraryName,
  arbitraryWrittenConditions,
  type ConditionOptions,
  LIST_NAMES,
} from "./testing-values.ts";

export { manyFlows } from "./testing-many-flows.ts";
export { arbitraryPacket, type PacketOptions } from "./testing-packets.ts";
export { arbitraryRawConfig } from "./testing-raw.ts";
export {
  arbitraryAction,
  arbitraryAddress,
  arbitraryDirector,
  arbitraryIcmpType,
  arbitraryInterface,
  arbitraryName,
  arbitraryPorts,
  arbitraryProtocol,
} from "./testing-values.ts";

/** Which parts of the language a config draws from; the whole unless given. */
export type ConfigOptions = ConditionOptions & {
  /** Most flows of a config; 6 unless given. */
  maxFlows?: number;
  /** Most rules of a flow; 4 unless given. */
  maxRules?: number;
  /** With comments and notes; true unless given. */
  comments?: boolean;
  outflows?: boolean;
  /** With expectations, which need not be true; true unless given. */
  expectations?: boolean;
};

/** The flows with what check passes of their conditions: those that stand in the way are dropped from the front. */
function settled(flows: readonly Flow[], lists: readonly List[]): Flow[] {
  const items = flows.map((flow): Flow => {
    // Directors take incoming packets only.
    const directs = flow.kind === "outflow" && flow.policy?.action === "director";
    const policy: Flow["policy"] = directs ? { action: "permit" } : flow.policy;
    const rules = flow.rules.map((rule) => ({ ...rule, conditions: withKnownLists(rule.conditions, lists) }));
    return { ...flow, policy, skipped: flow.skipped || policy === null, rules };
  });
  const config: Config = { items: [...lists, ...items], comment: [] };
  const expanded = flowsOf(expandLists(config));
  const named = new Lists(config);
  return items.map((flow, at) => {
    const rules = flow.rules.map((rule, index) => {
      const { conditions } = expanded[at]?.rules[index] ?? rule;
      return { ...rule, conditions: untilItHolds(rule.conditions, conditions, named) };
    });
    return { ...flow, rules };
  });
}

function untilItHolds(written: Conditions, expanded: Conditions, lists: Lists): Conditions {
  const kinds = CONDITION_KINDS.filter((kind) => written[kind]);
  for (let dropped = 0; dropped < kinds.length; dropped++) {
    const rest = kinds.slice(dropped);
    const conditions = pick(written, rest);
    if (isGreen(conditions, pick(expanded, rest), lists)) return conditions;
  }
  return {};
}

function isGreen(conditions: Conditions, expanded: Conditions, lists: Lists): boolean {
  let errors = 0;
  checkRule(
    { verb: "match", off: false, comment: [], note: "", conditions },
    {
      expanded,
      lists,
      metLater: () => false,
      directs: false,
      written: (kinds) => kinds,
      complain: (_where, _problem, severity = "error") => {
        if (severity === "error") errors += 1;
      },
    },
  );
  return errors === 0;
}

function withKnownLists(written: Conditions, lists: readonly List[]): Conditions {
  const conditions: Conditions = {};
  for (const kind of CONDITION_KINDS) {
    const condition = written[kind];
    const values = known(condition?.values ?? [], lists);
    if (condition && values.length > 0) conditions[kind] = { ...condition, values };
  }
  return conditions;
}

/** The values without names of lists that are not among these. */
function known(values: readonly string[], lists: readonly List[]): string[] {
  return values.filter((value) => {
    const name = listNamed(value);
    return name === null || lists.some((list) => list.name === name);
  });
}

function pick(written: Conditions, kinds: readonly ConditionKind[]): Conditions {
  const picked: Conditions = {};
  for (const kind of kinds) {
    const condition = written[kind];
    if (condition) picked[kind] = condition;
  }
  return picked;
}

/** A line of comment: what stands on one line, without space at its ends, which a text cannot keep. */
const line = fc
  .oneof(
    fc.constantFrom("all mail", "# not a rule", "flow x permit", "é ✓ {,}"),
    fc.string({ maxLength: 12 }),
  )
  .map((text) => text.replace(/\p{C}/gu, "").trim());

function remarks(wanted: boolean): { comment: Arbitrary<string[]>; note: Arbitrary<string> } {
  if (!wanted) return { comment: fc.constant([]), note: fc.constant("") };
  const none = { weight: 4, arbitrary: fc.constant("") };
  return {
    comment: fc.oneof(none, fc.array(line, { maxLength: 2 })).map((is) => (is === "" ? [] : is)),
    note: fc.oneof(none, line),
  };
}

const rarely = fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true));

/** A rule whose conditions may be wrong yet. */
function writtenRule(options: ConfigOptions): Arbitrary<Rule> {
  return fc.record({
    verb: fc.constantFrom("match", "ignore"),
    off: rarely,
    ...remarks(options.comments ?? true),
    conditions: arbitraryWrittenConditions(options),
  });
}

function writtenFlow(options: ConfigOptions): Arbitrary<Flow> {
  const kind = fc.constantFrom<Flow["kind"][]>("flow", "flow", "flow", "outflow");
  return fc.record({
    kind: (options.outflows ?? true) ? kind : fc.constant<Flow["kind"]>("flow"),
    name: arbitraryName,
    policy: fc.oneof({ weight: 8, arbitrary: arbitraryAction }, fc.constant(null)),
    skipped: rarely,
    ...remarks(options.comments ?? true),
    rules: fc.array(writtenRule(options), { maxLength: options.maxRules ?? 4 }),
  });
}

/** A flow or outflow that `check` passes; it names no list. */
export function arbitraryFlow(options: ConfigOptions = {}): Arbitrary<Flow> {
  return writtenFlow(options).map((flow) => settled([flow], [])[0] ?? flow);
}

/** A rule that `check` passes; it names no list. */
export function arbitraryRule(options: ConfigOptions = {}): Arbitrary<Rule> {
  return fc
    .tuple(writtenFlow(options), writtenRule(options))
    .map(([flow, rule]) => settled([{ ...flow, rules: [rule] }], [])[0]?.rules[0] ?? rule);
}

/** Lists that `check` passes, some of which hold others: each names only those before it here. */
function arbitraryLists({ lists = true, comments = true }: ConfigOptions): Arbitrary<List[]> {
  if (!lists) return fc.constant([]);
  const every = (["addresses", "ports"] as const).flatMap((kind) =>
    LIST_NAMES[kind].map((name) =>
      fc.option(
        fc.record({
          kind: fc.constant("list" as const),
          name: fc.constant(name),
          values: arbitraryListValues(kind),
          ...remarks(comments),
        }),
      ),
    ),
  );
  return fc.tuple(...every).map((drawn) => {
    const made: List[] = [];
    for (const list of drawn) {
      const values = known(list?.values ?? [], made);
      if (list && values.length > 0) made.push({ ...list, values });
    }
    return made;
  });
}

/** An expectation whose conditions may be wrong yet. */
function writtenExpect(options: ConfigOptions): Arbitrary<Expect> {
  return fc.record({
    kind: fc.constant("expect" as const),
    direction: (options.outflows ?? true) ? fc.constantFrom("in", "in", "out") : fc.constant("in" as const),
    verdict: fc.oneof(arbitraryAction, fc.constant<Expect["verdict"]>({ action: "undecided" })),
    conditions: arbitraryWrittenConditions(options),
    ...remarks(options.comments ?? true),
  });
}

/** An expectation with what check passes of it: it is settled as the rule of a flow of that policy is. */
function settledExpect(expect: Expect, lists: readonly List[]): Expect {
  const { direction, verdict, conditions } = expect;
  const rule: Rule = { verb: "match", off: false, comment: [], note: "", conditions };
  const flow: Flow = {
    kind: direction === "out" ? "outflow" : "flow",
    name: "a",
    policy: verdict.action === "undecided" ? { action: "permit" } : verdict,
    skipped: false,
    comment: [],
    note: "",
    rules: [rule],
  };
  const [green] = settled([flow], lists);
  const policy = green?.policy ?? { action: "permit" };
  return {
    ...expect,
    verdict: verdict.action === "undecided" ? verdict : policy,
    conditions: green?.rules[0]?.conditions ?? {},
  };
}

/** A config that `check` passes: the whole language, both families, comments, odd names. Warnings may be. */
export function arbitraryConfig(options: ConfigOptions = {}): Arbitrary<Config> {
  const flows = fc.uniqueArray(writtenFlow(options), {
    maxLength: options.maxFlows ?? 6,
    selector: (flow) => flow.name,
  });
  return fc
    .record({
      flows,
      lists: arbitraryLists(options),
      expectations: fc.array(writtenExpect(options), { maxLength: (options.expectations ?? true) ? 3 : 0 }),
      // Where each list and expectation goes among the items before it.
      places: fc.array(fc.nat(12), { minLength: 11, maxLength: 11 }),
      comment: remarks(options.comments ?? true).comment,
    })
    .map(({ flows, lists, expectations, places, comment }) => {
      const items: Item[] = settled(flows, lists);
      const expected = expectations.map((expect) => settledExpect(expect, lists));
      // Twins get a warning, and edits reach the first only.
      const beside = [...lists, ...new Map(expected.map((expect) => [keyOf(expect), expect])).values()];
      for (const [index, item] of beside.entries()) {
        items.splice((places[index] ?? 0) % (items.length + 1), 0, item);
      }
      return { items, comment };
    });
}

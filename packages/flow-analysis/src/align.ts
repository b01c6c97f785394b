/** What two configs have in common, flow by flow and, where flows differ, rule by rule. */
import {
  type Config,
  expandLists,
  type Family,
  type Flow,
  flowsOf,
  listNamed,
  listsOf,
  type Rule,
} from "@flowmgr/flow-model";
import { FAMILIES } from "./options.ts";
import { errorReach, type Reach, reachOf } from "./space/reach.ts";
import { type Direction, flowsInForce } from "./space/rules.ts";
import { commonSubsequence } from "./subsequence.ts";

/** Rules by the index of their flow and their own; null for the end of a director's flow. */
export type RulePlaces = ReadonlyMap<number, ReadonlySet<number | null>>;

export type Alignment = {
  /** The rules of each config that the other one does not have at the same place among those that both have. */
  touched: readonly [RulePlaces, RulePlaces];
  /** Of the flows that both have whole the indices in each, in order: they do the same to the same packets. */
  same: readonly [readonly number[], readonly number[]];
};

/** By the later config, what it was aligned with last: one edit is asked about in both families, by several questions. */
const known = new WeakMap<
  Config,
  { before: WeakRef<Config>; found: Partial<Record<Direction, Alignment>> }
>();

/** Aligns the flows in force. Flows that are the same object cost nothing more. */
export function align(before: Config, after: Config, direction: Direction): Alignment {
  const last = known.get(after);
  const found = last?.before.deref() === before ? last.found : {};
  const alignment = found[direction] ?? alignAll(before, after, direction);
  known.set(after, { before: new WeakRef(before), found: { ...found, [direction]: alignment } });
  return alignment;
}

function alignAll(before: Config, after: Config, direction: Direction): Alignment {
  const lists = changedLists(before, after);
  const left = written(before, direction);
  const right = written(after, direction);
  const areSame = (one: Written | undefined, other: Written | undefined) =>
    one !== undefined &&
    other !== undefined &&
    (one.flow === other.flow || contentOf(one.flow) === contentOf(other.flow)) &&
    !namesAny(one.flow.rules, lists);
  let start = 0;
  while (areSame(left[start], right[start])) start += 1;
  let end = 0;
  while (
    start + end < Math.min(left.length, right.length) &&
    areSame(left[left.length - 1 - end], right[right.length - 1 - end])
  ) {
    end += 1;
  }
  const middle = [left.slice(start, left.length - end), right.slice(start, right.length - end)] as const;
  const { touched, same } = alignMiddle(middle[0], middle[1], lists);
  const around = (flows: readonly Written[], between: readonly number[]) => {
    const indices: number[] = [];
    for (let at = 0; at < start; at += 1) indices.push(flows[at]?.flowIndex ?? 0);
    for (const index of between) indices.push(index);
    for (let at = flows.length - end; at < flows.length; at += 1) indices.push(flows[at]?.flowIndex ?? 0);
    return indices;
  };
  return { touched, same: [around(left, same[0]), around(right, same[1])] };
}

/** What stands between the flows that both have at the beginning and at the end. */
function alignMiddle(
  left: readonly Written[],
  right: readonly Written[],
  lists: ReadonlySet<string>,
): Alignment {
  const inBoth = sharedBy(left, right);
  // What names a list that is another one now is in no other config.
  const keyed = (sides: readonly Written[], side: string) =>
    sides.map(({ flow }) => {
      if (namesAny(flow.rules, lists)) return `${side} ${flow.name}`;
      return inBoth.has(flow) ? flow : contentOf(flow);
    });
  const { inLeft, inRight } = commonSubsequence(keyed(left, "-"), keyed(right, "+"));
  return walkGaps(left, right, [(at) => inLeft.has(at), (at) => inRight.has(at)], lists);
}

/** A flow in force as it is written: unlike one with its lists `expanded` it is the same object in both configs. */
type Written = { flow: Flow; flowIndex: number; expanded: Flow };

function written(config: Config, direction: Direction): Written[] {
  const flows = flowsOf(config);
  return flowsInForce(config, direction).flatMap(({ flow: expanded, flowIndex }) => {
    const flow = flows[flowIndex];
    return flow ? [{ flow, flowIndex, expanded }] : [];
  });
}

function sharedBy(left: readonly Written[], right: readonly Written[]): Set<Flow> {
  const ofLeft = new Set(left.map(({ flow }) => flow));
  return new Set(right.flatMap(({ flow }) => (ofLeft.has(flow) ? [flow] : [])));
}

/** Names of the lists that hold other values, those of lists that they name included. */
function changedLists(before: Config, after: Config): Set<string> {
  const valuesOf = (config: Config) =>
    new Map(
      listsOf(expandLists(config))
        .toReversed()
        .map(({ name, values }) => [name, values]),
    );
  const [old, next] = [valuesOf(before), valuesOf(after)];
  const names = new Set([...old.keys(), ...next.keys()]);
  return new Set([...names].filter((name) => !areEqual(old.get(name), next.get(name))));
}

function areEqual(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === other) return true;
  return one?.length === other?.length && one?.every((value, at) => value === other?.[at]) === true;
}

function namesAny(rules: readonly Pick<Rule, "conditions">[], lists: ReadonlySet<string>): boolean {
  if (lists.size === 0) return false;
  return rules.some(({ conditions }) =>
    Object.values(conditions).some(({ values }) => values.some((value) => lists.has(listNamed(value) ?? ""))),
  );
}

/** Keyed by the flow itself: it is a value, nothing changes it in place. */
const contents = new WeakMap<Flow, string>();

/** Equal for flows of one name that do the same to the same packets. */
function contentOf(flow: Flow): string {
  let content = contents.get(flow);
  if (content === undefined) {
    const rules = flow.rules.flatMap((rule) => (rule.off ? [] : [rule.verb, rule.conditions]));
    content = JSON.stringify([flow.name, flow.policy, rules, flow.rules.map(({ off }) => off)]);
    contents.set(flow, content);
  }
  return content;
}

/** Between each two flows that both have whole, what their other flows have in common. */
function walkGaps(
  left: readonly Written[],
  right: readonly Written[],
  isSame: readonly [(at: number) => boolean, (at: number) => boolean],
  lists: ReadonlySet<string>,
): Alignment {
  const touched = [new Map<number, Set<number | null>>(), new Map<number, Set<number | null>>()] as const;
  const same: [number[], number[]] = [[], []];
  for (let [i, j] = [0, 0]; i < left.length || j < right.length; ) {
    const [fromLeft, fromRight] = [i, j];
    while (i < left.length && !isSame[0](i)) i += 1;
    while (j < right.length && !isSame[1](j)) j += 1;
    const ofLeft = tokensOf(left.slice(fromLeft, i), lists, "-");
    const ofRight = tokensOf(right.slice(fromRight, j), lists, "+");
    const common = commonSubsequence(
      ofLeft.map(({ key }) => key),
      ofRight.map(({ key }) => key),
    );
    note(touched[0], ofLeft, common.inLeft);
    note(touched[1], ofRight, common.inRight);
    const [one, other] = [left[i], right[j]];
    if (one && other) {
      same[0].push(one.flowIndex);
      same[1].push(other.flowIndex);
    }
    i += 1;
    j += 1;
  }
  return { touched, same };
}

type Token = { flowIndex: number; rule: number | null; key: string };

/** The rules of flows that are on. Equal keys do the same to the same packets in flows of one name. */
function tokensOf(flows: readonly Written[], lists: ReadonlySet<string>, side: string): Token[] {
  return flows.flatMap(({ flow, flowIndex, expanded }) => {
    const { name, policy } = flow;
    const keyOf = (...what: unknown[]) => JSON.stringify([name, policy, ...what]);
    const tokens = flow.rules.flatMap((rule, index): Token[] => {
      const key = keyOf(rule.verb, rule.conditions, namesAny([rule], lists) && side);
      return rule.off ? [] : [{ flowIndex, rule: index, key }];
    });
    if (policy?.action !== "director") return tokens;
    // Its end takes ICMP errors to where its rules lead, whatever else they ask.
    const taken = FAMILIES.map((family) => errorReach(expanded, family)?.dst?.map(String));
    return [...tokens, { flowIndex, rule: null, key: keyOf(null, taken) }];
  });
}

function note(
  places: Map<number, Set<number | null>>,
  tokens: readonly Token[],
  common: ReadonlySet<number>,
): void {
  for (const [at, { flowIndex, rule }] of tokens.entries()) {
    if (common.has(at)) continue;
    const rules = places.get(flowIndex);
    if (rules) rules.add(rule);
    else places.set(flowIndex, new Set([rule]));
  }
}

/** What the touched rules of both configs ask for. */
export function touchedReaches(
  configs: readonly [Config, Config],
  { touched }: Alignment,
  family: Family,
): Reach[] {
  return configs.flatMap((config, side) => {
    const places = touched[side === 0 ? 0 : 1];
    if (places.size === 0) return [];
    const flows = flowsOf(expandLists(config));
    return [...places].flatMap(([flowIndex, rules]) => {
      const flow = flows[flowIndex];
      if (!flow) return [];
      return [...rules].flatMap((index) => {
        if (index === null) return errorReach(flow, family) ?? [];
        const rule = flow.rules[index];
        return rule ? (reachOf(rule.conditions, family) ?? []) : [];
      });
    });
  });
}

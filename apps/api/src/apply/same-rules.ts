/** Which rule of one config is which of another: known by what it says, since numbers change. */
import { type Source, unshared } from "@flowmgr/flow-compiler";
import { type Config, expandLists, type Flow, flowsOf, printRule } from "@flowmgr/flow-model";

/** Rule 0 stands for a flow's ICMP errors: rules count from 1. */
export const keyOf = ({ flow, rule }: Source): string => `${flow}/${rule ?? 0}`;

export function sourceOf(key: string): Source {
  const [flow = "", rule = "0"] = key.split("/");
  return { flow, rule: rule === "0" ? null : Number(rule) };
}

/** The name of the flow of a rule's key. */
export const flowOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));

export type SameRules = {
  /** Flows that are not the same value in both configs; the rules of all others keep their keys. */
  flows: ReadonlySet<string>;
  /** The key in `from` of a rule that is in both, by its key in `to`. */
  from(key: string): string | undefined;
  /** Is the rule of this key in `from` in both? */
  stays(key: string): boolean;
};

/**
 * Which rules of `from` are in `to` too. A rule is the same when it stands in the same flow with the same verb and
 * conditions, lists spelt out; of several that say the same, the first is the first.
 */
export function sameRules(from: Config, to: Config): SameRules {
  return compared(from, to).same;
}

/** Flows in `to` with a rule that is not in `from`. */
export function flowsAnew(from: Config, to: Config): readonly string[] {
  return compared(from, to).anew;
}

type Compared = { same: SameRules; anew: readonly string[] };

/** By the config before and the one behind it, as long as both are of use: an apply asks four times. */
const known = new WeakMap<Config, WeakMap<Config, Compared>>();

function compared(from: Config, to: Config): Compared {
  const ofFrom = known.get(from) ?? new WeakMap<Config, Compared>();
  known.set(from, ofFrom);
  const found = ofFrom.get(to) ?? compare(from, to);
  ofFrom.set(to, found);
  return found;
}

function compare(from: Config, to: Config): Compared {
  const { gone, come } = unshared(flowsOf(expandLists(from)), flowsOf(expandLists(to)));
  const earlier = new Map(gone.flatMap((flow) => sayings(flow)));
  const same = new Map<string, string>();
  const anew = new Set<string>();
  for (const [saying, key] of come.flatMap((flow) => sayings(flow))) {
    const old = earlier.get(saying);
    if (old === undefined) anew.add(sourceOf(key).flow);
    else same.set(key, old);
  }
  const flows = new Set([...gone, ...come].map(({ name }) => name));
  const stay = new Set(same.values());
  return {
    same: {
      flows,
      from: (key) => (flows.has(flowOf(key)) ? same.get(key) : key),
      stays: (key) => !flows.has(flowOf(key)) || stay.has(key),
    },
    anew: [...anew],
  };
}

/** Flows are values, and an edit leaves most of them. */
const said = new WeakMap<Flow, (readonly [string, string])[]>();

/** What a flow's rules say, each with its key. */
function sayings(flow: Flow): readonly (readonly [string, string])[] {
  const before = said.get(flow);
  if (before) return before;
  const { kind, name, rules } = flow;
  const found: (readonly [string, string])[] = [[`${kind} ${name}`, keyOf({ flow: name, rule: null })]];
  const times = new Map<string, number>();
  for (const [at, rule] of rules.entries()) {
    if (rule.off) continue;
    const text = printRule({ ...rule, note: "" });
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    found.push([`${kind} ${name} ${before} ${text}`, keyOf({ flow: name, rule: at + 1 })]);
  }
  said.set(flow, found);
  return found;
}

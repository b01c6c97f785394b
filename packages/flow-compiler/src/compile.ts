/** Config -> program: what the kernel should hold, whole, as data. Reads top to bottom. */
import { type Action, type Config, EMPTY_CONFIG, type Family, type Flow, flowsOf } from "@flowmgr/flow-model";
import { chainName, chainRules, type FamilyFlow, isOn, partsOf } from "./chains.ts";
import { classesOf } from "./classes.ts";
import { dispatch } from "./dispatch.ts";
import { hooksOf } from "./hooks.ts";
import { markFor, markOf } from "./marks.ts";
import { OWN_CHAINS } from "./ours.ts";
import type { Chain, CompileOptions, FamilyProgram, Marks, Program } from "./program.ts";
import { routingOf } from "./routing.ts";

/**
 * The program of a config. Throws on a config with errors: `check` finds those, and `assignMarks` gives the marks
 * or says why there are none.
 */
export function compile(config: Config, marks: Marks, options: CompileOptions): Program {
  const flows = flowsOf(config).filter((flow) => flow.kind === "flow" && isOn(flow));
  return {
    ip: compileFamily(flows, marks, options, 4),
    ip6: options.ipv6 ? compileFamily(flows, marks, options, 6) : null,
    marks,
  };
}

/** The program of a config without flows: main chains and hooks, empty. */
export function EMPTY_PROGRAM(options: CompileOptions): Program {
  return compile(EMPTY_CONFIG, { directors: {}, tables: {} }, options);
}

function compileFamily(flows: Flow[], marks: Marks, options: CompileOptions, family: Family): FamilyProgram {
  const compiled = flows.map((flow): FamilyFlow => {
    return { flow, parts: partsOf(flow, family), targets: targetsOf(flow, marks, options) };
  });
  const { mains, beside } = dispatch(OWN_CHAINS.flows, compiled, classesOf(options, family));
  const { ipRules, routes, directorMarks } = routingOf(compiled, marks, options, family);
  const directors = directorMarks.length > 0 ? [directorsChain(directorMarks, options)] : [];
  const flowChains = compiled
    .filter(({ parts }) => parts.length > 0 || showsEmpty(family))
    .flatMap((one) => [
      { name: chainName(one.flow), rules: chainRules(one, one.parts) },
      ...(beside.get(one.flow.name) ?? []),
    ]);
  return {
    chains: [...mains, { name: OWN_CHAINS.outflows, rules: [] }, ...directors, ...flowChains],
    hooks: hooksOf(options, directors.length > 0),
    ipRules,
    routes,
  };
}

/**
 * `iptables -L` shows a chain for each flow that is on, also one that has no rules or only rules of IPv6: who looks
 * for a flow finds it. IPv6 shows only flows with rules there, or a config without a word of IPv6 would fill it.
 */
const showsEmpty = (family: Family) => family === 4;

/** What the flow's matches do, in iptables' words; the last one ends the visit. */
function targetsOf({ policy }: Flow, marks: Marks, options: CompileOptions): string[] {
  if (policy === null) return [];
  const plain: Partial<Record<Action["action"], string>> = { permit: "-j ACCEPT", deny: "-j DROP" };
  const target = plain[policy.action];
  if (target !== undefined) return [target];
  const mark = markFor(policy, marks, options);
  return mark === null
    ? []
    : [markWords(markOf(mark.index, options.markMask), options.markMask), "-j ACCEPT"];
}

/** Writes the bits under the mask, and leaves the others to whom they belong. */
function markWords(mark: number, mask: number): string {
  return `-j MARK --set-xmark 0x${mark.toString(16)}/0x${mask.toString(16)}`;
}

/** Every bit of a mark: IPVS compares it whole. */
const WHOLE_MARK = 0xffff_ffff;

/** Clears the bits of others from a mark that is a director's, just before IPVS looks at it. */
function directorsChain(marks: number[], { markMask }: CompileOptions): Chain {
  const rules = marks.map((mark) => ({
    words: `-m mark --mark 0x${mark.toString(16)}/0x${markMask.toString(16)} ${markWords(mark, WHOLE_MARK)}`,
  }));
  return { name: OWN_CHAINS.directors, rules };
}

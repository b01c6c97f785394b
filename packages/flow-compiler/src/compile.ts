/** Config -> program: what the kernel should hold, whole, as data. Reads top to bottom. */
import {
  type Action,
  type Config,
  EMPTY_CONFIG,
  expandLists,
  type Family,
  type Flow,
  flowsOf,
  NO_SETS,
  printPolicy,
} from "@flowmgr/flow-model";
import { type Done, directionOf, type FamilyFlow, isOn, partsOf } from "./chains.ts";
import { classesOf } from "./classes.ts";
import { dispatch } from "./dispatch.ts";
import { hooksOf } from "./hooks.ts";
import { KnownFamily } from "./known-family.ts";
import { markFor, markOf } from "./marks.ts";
import type { Direction } from "./match.ts";
import { HOOK_COMMENT, OWN_CHAINS } from "./ours.ts";
import type { Chain, CompileOptions, FamilyProgram, Marks, NetworkSet, Program } from "./program.ts";
import type { Part } from "./split.ts";

/**
 * The program of a config. Throws on a config with errors: `check` finds those, and `assignMarks` gives the marks
 * or says why there are none.
 */
export function compile(config: Config, marks: Marks, options: CompileOptions): Program {
  const asked = JSON.stringify([marks, options]);
  const before = compiled.get(config);
  if (before?.asked === asked) return before.program;
  const flows = flowsOf(expandLists(config)).filter(isOn);
  const sets = options.largeList === undefined ? [] : setsOf(flows, options.largeList, options.ipv6);
  const program = {
    ip: compileFamily(flows, marks, options, 4),
    ip6: options.ipv6 ? compileFamily(flows, marks, options, 6) : null,
    marks,
    ...(sets.length > 0 && { sets }),
  };
  compiled.set(config, { asked, program });
  return program;
}

/** A plan and the apply behind it ask for the same: 10 000 flows take a second and a half. Configs are values. */
const compiled = new WeakMap<Config, { asked: string; program: Program }>();

/** The sets that the flows' rules refer to, by name. */
function setsOf(flows: readonly Flow[], largeList: number, ipv6: boolean): NetworkSet[] {
  const sets = new Map<string, NetworkSet>();
  for (const family of ipv6 ? ([4, 6] as const) : ([4] as const)) {
    for (const flow of flows) {
      for (const part of partsOf(flow, family, largeList))
        for (const set of part.sets) sets.set(set.name, set);
    }
  }
  return [...sets.values()];
}

/** The program of a config without flows: main chains and hooks, empty. */
export function EMPTY_PROGRAM(options: CompileOptions): Program {
  return compile(EMPTY_CONFIG, { directors: {}, tables: {} }, options);
}

const known: Record<Family, KnownFamily> = { 4: new KnownFamily(), 6: new KnownFamily() };

function compileFamily(flows: Flow[], marks: Marks, options: CompileOptions, family: Family): FamilyProgram {
  const before = known[family];
  // Loops, since there are ten thousand flows, and an edit waits for it.
  const shown: { flow: Flow; parts: Part[] }[] = [];
  // The parts of each flow are its own, and are made anew with it.
  const values: unknown[] = [JSON.stringify([marks, options])];
  for (const flow of flows) {
    const parts = partsOf(flow, family, options.largeList ?? NO_SETS);
    if (parts.length === 0 && !showsEmpty(family)) continue;
    shown.push({ flow, parts });
    values.push(parts);
  }
  const last = before.madeFrom(values);
  if (last) return last;
  const doneBy = new Map<string, Done>();
  const compiled = shown.map(({ flow, parts }): FamilyFlow => {
    // Ten thousand flows have some two hundred policies.
    const policy = printPolicy(flow);
    const done = doneBy.get(policy) ?? doneTo(flow, marks, options);
    doneBy.set(policy, done);
    return { flow, family, parts, targets: done.targets, mark: done.mark };
  });
  const mainOf = (name: string, direction: Direction) => {
    const judging = compiled.filter(({ flow }) => directionOf(flow) === direction);
    return dispatch(name, judging, classesOf(options, family, direction), before.dispatch, options.dispatch);
  };
  const incoming = mainOf(OWN_CHAINS.flows, "in");
  const leaving = mainOf(OWN_CHAINS.outflows, "out");
  const { ipRules, routes, directorMarks } = before.routing.of(compiled, options.markMask, family);
  const directors = directorMarks.length > 0 ? [directorsChain(directorMarks, options)] : [];
  const flowChains: Chain[] = [];
  for (const one of compiled) {
    flowChains.push(...before.chainsOf(one));
    flowChains.push(...(incoming.beside.get(one.flow.name) ?? leaving.beside.get(one.flow.name) ?? []));
  }
  const chains = [
    ...incoming.mains,
    ...leaving.mains,
    ...defragmentChains(compiled, options),
    ...directors,
    ...flowChains,
  ];
  return before.done(values, { chains, hooks: hooksOf(options, directors.length > 0), ipRules, routes });
}

/**
 * `iptables -L` shows a chain for each flow that is on, also one that has no rules or only rules of IPv6: who looks
 * for a flow finds it. IPv6 shows only flows with rules there, or a config without a word of IPv6 would fill it.
 */
const showsEmpty = (family: Family) => family === 4;

function doneTo({ policy }: Flow, marks: Marks, options: CompileOptions): Done {
  if (policy === null) return { targets: [], mark: null };
  const plain: Partial<Record<Action["action"], string>> = { permit: "-j ACCEPT", deny: "-j DROP" };
  const target = plain[policy.action];
  if (target !== undefined) return { targets: [target], mark: null };
  const mark = markFor(policy, marks, options);
  if (mark === null) return { targets: [], mark };
  const { markMask } = options;
  return { targets: [markWords(markOf(mark.index, markMask), markMask), "-j ACCEPT"], mark };
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

/**
 * By itself a rule about ports sees the first fragment of a datagram only, so a `deny` would let the tails through.
 * A rule that asks for a socket anywhere in the namespace, also in a chain that nothing jumps to, makes the kernel put
 * datagrams together before any rule sees them (nf_defrag; both back ends and families, Linux 6.18).
 */
function defragmentChains(flows: readonly FamilyFlow[], { defragment }: CompileOptions): Chain[] {
  if (defragment === "off" || !flows.some(({ parts }) => parts.some(looksInside))) return [];
  const words = `-m socket -m comment --comment ${HOOK_COMMENT}`;
  return [{ name: OWN_CHAINS.defragment, rules: [{ words }] }];
}

/** Does it ask for what only the first fragment of a datagram holds? A director's ICMP errors do. */
function looksInside({ conditions }: Part): boolean {
  if (conditions === null) return true;
  const { srcport, dstport, icmptype } = conditions;
  return srcport !== undefined || dstport !== undefined || icmptype !== undefined;
}

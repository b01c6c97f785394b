/** What was known of a config's rules before an edit, and is known after it as well. */
import { type Config, expandLists, type Family, type Flow, flowsOf } from "@flowmgr/flow-model";
import { align, touchedReaches } from "./align.ts";
import type { DeadRule, DeadRules } from "./dead-rule.ts";
import { FAMILIES } from "./options.ts";
import { fewer, meetAny } from "./space/narrow.ts";
import { errorReach, isInReach, type Point, type Reach, reachOf } from "./space/reach.ts";
import type { Direction } from "./space/rules.ts";

/** What `deadRules` found of an earlier config, under the same options. */
export type Previous = { config: Config; result: DeadRules };

/** A packet that comes to a rule and would have another verdict without it. */
export type Witness = { family: Family; point: Point };

/** The rule is dead, or it acts: `witness` shows it, null where a proof did. */
export type Judgement = { dead: DeadRule } | { witness: Witness | null };

/** By index of the flow and of its rule; nothing where nothing is known. */
export type Judgements = readonly (readonly (Judgement | undefined)[] | undefined)[];

const ofResults = new WeakMap<DeadRules, Judgements>();

/** Keeps what is known of each rule beside what is told of a config. */
export function remember(result: DeadRules, judgements: Judgements): DeadRules {
  ofResults.set(result, judgements);
  return result;
}

/** With more, a packet is held against what they have in common. */
const MANY = 64;

/**
 * Only of flows that both configs have whole. A packet that no touched rule holds for meets the same rules before and
 * after the edit: a rule whose witness it is still acts, and one of which all packets are such is what it was. One that
 * a single rule takes everything from is dead as long as both are there, since their order stays.
 */
export function keptJudgements({ config: before, result }: Previous, after: Config): Judgements {
  const known = ofResults.get(result) ?? [];
  const kept: Judgements[number][] = [];
  const flows = flowsOf(expandLists(after));
  for (const direction of ["in", "out"] as const satisfies readonly Direction[]) {
    const alignment = align(before, after, direction);
    const names = result.dead.length > 0 ? alignment.same[1].map((at) => flows[at]?.name ?? "") : [];
    const edit: Edit = {
      touched: {
        4: touchedReaches([before, after], alignment, 4),
        6: touchedReaches([before, after], alignment, 6),
      },
      whole: new Set(names),
    };
    for (const [place, is] of alignment.same[1].entries()) {
      const was = alignment.same[0][place] ?? -1;
      const [judgements, flow] = [known[was], flows[is]];
      if (!judgements || !flow) continue;
      const still = judgements.map((one, rule) => (one && isKept(one, flow, rule, edit) ? one : undefined));
      kept[is] = still.every((one, rule) => one === judgements[rule]) ? judgements : still;
    }
  }
  return kept;
}

type Edit = {
  /** What the rules ask for that it touched, in both configs. */
  touched: Record<Family, readonly Reach[]>;
  /** Names of the flows that both configs have whole. */
  whole: ReadonlySet<string>;
};

function isKept(judgement: Judgement, flow: Flow, rule: number, { touched, whole }: Edit): boolean {
  if ("witness" in judgement && judgement.witness) {
    const { family, point } = judgement.witness;
    const all = touched[family];
    if (!(all.length > MANY ? fewer(all) : all).some((reach) => isInReach(reach, point))) return true;
  }
  const conditions = flow.rules[rule]?.conditions ?? {};
  if ("dead" in judgement) {
    const { reason, by } = judgement.dead;
    if (by.some((one) => !whole.has(one.flow))) return false;
    // Of a rule for both families one may have another reason, and a director's may matter for ICMP errors.
    const isOfOne = FAMILIES.some((family) => reachOf(conditions, family) === null);
    if (reason === "covered-by-one" && isOfOne && flow.policy?.action !== "director") return true;
  }
  return !FAMILIES.some((family) => {
    const reaches = [reachOf(conditions, family), errorReach(flow, family)].filter((one) => one !== null);
    return meetAny(reaches, fewer(touched[family]));
  });
}

/** What was known of a config's rules before an edit, and is known after it as well. */
import { type Config, expandLists, type Family, flowsOf } from "@flowmgr/flow-model";
import { align, touchedReaches } from "./align.ts";
import type { DeadRule, DeadRules } from "./dead-rule.ts";
import { fewer, meetAny } from "./space/narrow.ts";
import { errorReach, type Reach, reachOf } from "./space/reach.ts";
import { type Direction, keyOfRule, type RuleName } from "./space/rules.ts";

/** What `deadRules` found of an earlier config, under the same options. */
export type Previous = { config: Config; result: DeadRules };

/** By `keyOfRule` what is still true: the rule is dead, or null: it acts. */
export type Kept = ReadonlyMap<string, DeadRule | null>;

/**
 * A rule keeps its judgement where no rule that the edit touched holds for any of its packets: these meet the same rules
 * before and after. Only of flows that did not change, since rules are told by their number.
 */
export function keptJudgements({ config: before, result }: Previous, after: Config): Kept {
  const kept = new Map<string, DeadRule | null>();
  const nameKey = ({ flow, rule }: RuleName) => `${flow} ${rule}`;
  const dead = new Map(result.dead.map((one) => [nameKey(one), one]));
  const open = new Set(result.open.map(nameKey));
  const flows = flowsOf(expandLists(after));
  for (const direction of ["in", "out"] as const satisfies readonly Direction[]) {
    const alignment = align(before, after, direction);
    const touched: Record<Family, readonly Reach[]> = {
      4: fewer(touchedReaches([before, after], alignment, 4)),
      6: fewer(touchedReaches([before, after], alignment, 6)),
    };
    const same = alignment.same.flatMap(([, at]) => flows[at]?.name ?? []);
    const unchanged = new Set(same);
    for (const [, flowIndex] of alignment.same) {
      const flow = flows[flowIndex];
      for (const [rule, { off, conditions }] of flow?.rules.entries() ?? []) {
        const key = nameKey({ flow: flow?.name ?? "", rule: rule + 1 });
        if (off || open.has(key)) continue;
        // A director's rule may matter for ICMP errors that it does not hold for itself.
        const mayDiffer = ([4, 6] as const).some((family) => {
          const reaches = [reachOf(conditions, family), flow ? errorReach(flow, family) : null];
          return meetAny(
            reaches.filter((reach) => reach !== null),
            touched[family],
          );
        });
        const known = dead.get(key) ?? null;
        if (mayDiffer || known?.by.some((one) => !unchanged.has(one.flow))) continue;
        kept.set(keyOfRule({ flowIndex, rule }), known);
      }
    }
  }
  return kept;
}

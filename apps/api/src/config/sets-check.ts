/**
 * Lists on a machine without sets of networks (ipset): each network is a rule of its own there, and `check`, which
 * counts with sets, lets more pass than such a kernel can be given.
 */
import {
  type Config,
  combinationsOf,
  type Diagnostic,
  expandLists,
  kernelRulesOf,
  MOST_COMBINATIONS,
  MOST_KERNEL_RULES,
  NO_SETS,
} from "@flowmgr/flow-model";

const HELP =
  "install ipset (package ipset) and start again: a long list is then one rule; or write fewer, wider networks";

/** Errors with paths: the rules that are too large without sets, or the flow with which all together are. */
export function checkWithoutSets(config: Config): Diagnostic[] {
  const { items } = expandLists(config);
  const found: Diagnostic[] = [];
  const sum = { 4: 0, 6: 0 };
  for (const [index, item] of items.entries()) {
    if (item.kind === "list" || item.kind === "expect" || item.skipped) continue;
    const { name: flow } = item;
    const before = found.length;
    for (const [at, { conditions, off }] of item.rules.entries()) {
      const { src, dst } = conditions;
      if (off || (src?.values.length ?? 1) * (dst?.values.length ?? 1) === 1) continue;
      const count = Math.max(combinationsOf(conditions, 4, NO_SETS), combinationsOf(conditions, 6, NO_SETS));
      if (count <= MOST_COMBINATIONS) continue;
      const kind = (src?.values.length ?? 0) > (dst?.values.length ?? 0) ? "src" : "dst";
      const path = `/items/${index}/rules/${at}/conditions/${kind}`;
      found.push({ ...tooMany("this rule", count, MOST_COMBINATIONS), path, flow, rule: at + 1 });
    }
    for (const family of [4, 6] as const) sum[family] += kernelRulesOf(item, family, NO_SETS);
    const most = Math.max(sum[4], sum[6]);
    if (most > MOST_KERNEL_RULES && found.length === before) {
      const error = tooMany("up to here the flows", most, MOST_KERNEL_RULES);
      return [...found, { ...error, path: `/items/${index}/name`, flow }];
    }
  }
  return found;
}

function tooMany(what: string, count: number, most: number): Diagnostic {
  const message = `without sets of networks ${what} would become ${count} rules of iptables, and ${most} are the most`;
  return { code: "needs-sets", severity: "error", message, help: HELP };
}

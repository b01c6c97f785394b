/** Whose packets the lines of the kernel count, where it may hold more than one revision. */
import { unshared } from "@flowmgr/flow-compiler";
import { type CountedLine, ownerIn } from "@flowmgr/kernel";
import type { Counted } from "./counters.ts";
import { keyOf, sameRules } from "./same-rules.ts";

/**
 * The rule of `counted` that a line belongs to. A line that is not of its program may be of another one's, of a rule
 * that is the same; what is in force after the switch is asked for there first.
 */
export function ownersIn(
  counted: Counted,
  others: readonly Counted[],
): (line: CountedLine, switched: boolean) => string | undefined {
  const find = [counted, ...others].map((one) => {
    const ownerOf = ownerIn(one.program);
    const same = one === counted ? null : sameRules(counted.config, one.config);
    return (line: CountedLine) => {
      const source = ownerOf(line);
      if (source === undefined) return undefined;
      return same ? same.from(keyOf(source)) : keyOf(source);
    };
  });
  const [own, wanted = own, ...rest] = find;
  const before = [own, wanted, ...rest];
  const after = [wanted, own, ...rest];
  return (line, switched) => {
    for (const ask of switched ? after : before) {
      const key = ask?.(line);
      if (key !== undefined) return key;
    }
    return undefined;
  };
}

/** Flows that do not have the same rules and the same chains in both. */
export function flowsBetween(one: Counted, other: Counted): Set<string> {
  const flows = new Set(sameRules(one.config, other.config).flows);
  for (const family of ["ip", "ip6"] as const) {
    const { gone, come } = unshared(one.program[family]?.chains ?? [], other.program[family]?.chains ?? []);
    for (const { rules } of [...gone, ...come]) {
      for (const { source } of rules) if (source) flows.add(source.flow);
    }
  }
  return flows;
}

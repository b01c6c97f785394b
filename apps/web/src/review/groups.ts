/** Findings that say the same of many flows, as one sentence. */
import type { Plan } from "@flowmgr/flow-api";

type Finding = Plan["diagnostics"][number];

/** `others`: how many more flows or rules the sentence of the first is about. */
export type Group = { first: Finding; others: number };

/** Each sentence once, in the order in which the first of each came; one that names a packet of its own stays alone. */
export function grouped(found: readonly Finding[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [index, first] of found.entries()) {
    const { code, message, help, flow, packet } = first;
    const key = flow && !packet ? JSON.stringify([code, message, help]) : String(index);
    const group = groups.get(key);
    if (group) group.others += 1;
    else groups.set(key, { first, others: 0 });
  }
  return [...groups.values()];
}

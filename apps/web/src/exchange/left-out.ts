/** Lines that became no flow, those with one reason together. */
import type { LeftOut } from "@flowmgr/flow-model/exchange";
import { NO_FLOW } from "@flowmgr/flow-model/exchange";

export type Group = { reason: string; lines: LeftOut[] };

/** In the order of the source; lines behind each other with one reason are one group. */
export function groupsOf(leftOut: readonly LeftOut[]): Group[] {
  const groups: Group[] = [];
  for (const line of leftOut) {
    const last = groups.at(-1);
    if (last?.reason === line.reason) last.lines.push(line);
    else groups.push({ reason: line.reason, lines: [line] });
  }
  return groups;
}

/** "line 3", "lines 3 to 9" */
export function placeOf({ lines }: Group): string {
  const [first, last] = [lines[0]?.line, lines.at(-1)?.line];
  return first === last ? `line ${first}` : `lines ${first} to ${last}`;
}

/** What reads like a flow or a rule and was left out: what a person has to look at. Prose is not. */
export function isSerious({ reason }: Pick<LeftOut, "reason">): boolean {
  return reason !== NO_FLOW;
}

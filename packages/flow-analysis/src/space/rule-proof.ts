/** What a rule does, over all packets that it holds for: exact, by diagrams that are restricted to those packets. */
import { icmpErrorDestinations, setOf } from "@flowmgr/flow-model";
import { addressesIn } from "./addresses.ts";
import { type Box, meetings } from "./boxes.ts";
import type { Judged, Region, Space } from "./decisions.ts";
import { complement, intersection } from "./intervals.ts";
import { LEVEL } from "./levels.ts";
import { NONE, type Node } from "./node-store.ts";

/**
 * `unreached`: earlier rules take all that it holds for. `no-effect`: packets come to it, and each would have the same
 * verdict without it. `verdict` gives that of a rule by its place, and of none by -1. Throws TooLarge.
 */
export function proveRule(
  space: Space,
  judged: Judged,
  at: number,
  verdict: (at: number) => string,
): "matters" | "no-effect" | "unreached" {
  let reached = false;
  for (const box of judged.rules[at]?.boxes ?? []) {
    const here = reaching(space, judged, at, box);
    if (here === NONE) continue;
    reached = true;
    if (differs(space, judged, at, box, here, verdict)) return "matters";
  }
  return reached ? "no-effect" : "unreached";
}

/** The packets of a box that come to the rule. Throws TooLarge. */
export function reaching(space: Space, judged: Judged, at: number, box: Box): Node {
  const region: Region = { box, set: null };
  const start = flowStart(judged, at);
  const left = space.diagram.minus(space.boxNode(box), space.endings(judged, box, start, at));
  return left === NONE ? NONE : space.diagram.minus(left, space.decided(judged, region, 0, start));
}

/** The ICMP errors that the end of a director's flow would take no longer without the rule, whoever else takes them. */
export function errorsLost({ world }: Space, judged: Judged, at: number): Box[] {
  const { rules } = judged;
  const rule = rules[at];
  if (!rule) return [];
  const { flow, rule: number } = rule;
  const ranks = (keep: (index: number) => boolean) => {
    const destinations = icmpErrorDestinations({ ...flow, rules: flow.rules.filter((_, at) => keep(at)) });
    return world.dst.ranksIn(addressesIn(setOf(destinations), world.family));
  };
  const own = ranks((index) => index === number);
  if (own.length === 0) return [];
  const others = ranks((index) => index !== number);
  const lost = intersection(own, complement(others, world.maxima[LEVEL.dst] ?? 0));
  if (lost.length === 0) return [];
  const end = rules[flowEnd(judged, at) - 1];
  return end?.rule === null ? meetings(end.boxes, [[lost]]) : [];
}

/** Would some of the ICMP errors get another verdict? Of a rule that no packet comes to. Throws TooLarge. */
export function loseVerdict(
  space: Space,
  judged: Judged,
  at: number,
  errors: readonly Box[],
  verdict: (at: number) => string,
): boolean {
  const end = flowEnd(judged, at) - 1;
  return errors.some((box) => {
    const here = reaching(space, judged, end, box);
    return here !== NONE && differs(space, judged, end, box, here, verdict);
  });
}

/** Is there a packet among those that come to the rule whose verdict would be another one without it? */
function differs(
  space: Space,
  judged: Judged,
  at: number,
  box: Box,
  set: Node,
  verdict: (at: number) => string,
): boolean {
  const { diagram } = space;
  const { base, rules } = judged;
  const region: Region = { box, set };
  const mine = rules[at]?.ignores
    ? space.decisions(judged, region, flowEnd(judged, at))
    : diagram.map(set, () => base + at);
  const without = space.decisions(judged, region, at + 1);
  const verdictAt = (number: number) => verdict(number === 0 ? -1 : number - base);
  return diagram.pair(mine, without, (a, b) => (verdictAt(a) === verdictAt(b) ? 0 : 1)) !== NONE;
}

/** Place of the first rule of a rule's flow. */
function flowStart({ rules }: Judged, at: number): number {
  let start = at;
  while (start > 0 && rules[start - 1]?.flowIndex === rules[at]?.flowIndex) start -= 1;
  return start;
}

/** Place behind the last rule of a rule's flow. */
export function flowEnd({ rules }: Judged, at: number): number {
  let end = at + 1;
  while (end < rules.length && rules[end]?.flowIndex === rules[at]?.flowIndex) end += 1;
  return end;
}

/** Who decides the packets that somebody asks about. */
import type { Conditions } from "@flowmgr/flow-model";
import { boxesOf } from "./boxes.ts";
import type { Judged, Space } from "./decisions.ts";
import { NONE, type Node, terminal } from "./node-store.ts";

/**
 * For each packet that the conditions describe the terminal of the rule that decides it, `undecided` where none does,
 * and NONE elsewhere. The space has been told of the conditions; these name no lists. Throws TooLarge.
 */
export function decisionsOf(
  space: Space,
  judged: Judged,
  conditions: Conditions,
): { decisions: Node; undecided: number } {
  const undecided = judged.base + judged.rules.length;
  let decisions: Node = NONE;
  for (const box of boxesOf({ conditions }, space.world, space.meaning)) {
    const byRules = space.decisions(judged, { box, set: null });
    const here = space.diagram.override(byRules, space.boxNode(box, terminal(undecided)));
    decisions = space.diagram.override(decisions, here);
  }
  return { decisions, undecided };
}

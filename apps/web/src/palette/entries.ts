/** What the palette lists for what was typed, best first. */
import type { Action } from "../ui/actions.ts";
import { rank } from "./rank.ts";

/** Most shown; who sees more than these types another letter. */
const SHOWN = 50;

/** What was used lately comes before an equally good one: added to how well it fits. */
const RECENT = 12;

/** Something to go to by what edits call it; made an action only when it is among the best. */
export type Destination = { name: string; kind: "flow" | "list" | "expectation" };

/** `recent`: ids of actions, the latest first. */
export function entriesOf(
  typed: string,
  actions: readonly Action[],
  destinations: readonly Destination[],
  recent: readonly string[],
  go: (to: Destination) => Action,
): Action[] {
  const lately = new Map(recent.map((id, index) => [id, RECENT - index]));
  if (typed.trim() === "") {
    const used = recent.flatMap((id) => actions.find((action) => action.id === id) ?? []);
    const rest = actions.filter((action) => !used.includes(action));
    const can = [...used, ...rest].filter(({ disabled }) => disabled === null);
    return [...can, ...rest.filter(({ disabled }) => disabled !== null)].slice(0, SHOWN);
  }
  const found: { score: number; action: () => Action }[] = [];
  for (const action of actions) {
    const score = best(rank(typed, action.label), rank(typed, `${action.group} ${action.label}`));
    if (score !== null) {
      const bonus = Math.max(0, lately.get(action.id) ?? 0);
      found.push({ score: score + bonus - (action.disabled === null ? 0 : 1), action: () => action });
    }
  }
  for (const to of destinations) {
    const score = best(rank(typed, to.name), rank(typed, `go to ${to.kind} ${to.name}`));
    if (score !== null) found.push({ score, action: () => go(to) });
  }
  found.sort((one, other) => other.score - one.score);
  return found.slice(0, SHOWN).map(({ action }) => action());
}

function best(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}

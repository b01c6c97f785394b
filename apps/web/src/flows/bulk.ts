/** What is done to many flows at once, as one list of edits: all of it happens, or none, and one undo takes it back. */
import type { Edit, Flow } from "@flowmgr/flow-model";
import { freeName } from "./names.ts";

/** Where flows go among the others. */
export type Gap = { before: string } | { after: string } | "top" | "end";

/**
 * Brings `moved` together at the gap, in the order that they have among themselves in `order` (all flows of the
 * draft). Gives no edits when that is where they stand.
 */
export function moveEdits(moved: ReadonlySet<string>, order: readonly string[], gap: Gap): Edit[] {
  if (moved.size === 0) return [];
  const names = order.filter((name) => moved.has(name));
  const others = order.filter((name) => !moved.has(name));
  const at = placeAmong(others, order, moved, gap);
  const next = others.toSpliced(at, 0, ...names);
  if (next.every((name, index) => name === order[index])) return [];
  const [before, after] = [others[at], others[at - 1]];
  if (before !== undefined) return names.map((name) => ({ do: "move", name, before }));
  return names.map((name, index) => ({ do: "move", name, after: names[index - 1] ?? after }));
}

/** Index among the flows that stay. A gap beside a flow that moves itself is where the next one that stays is. */
function placeAmong(
  others: readonly string[],
  order: readonly string[],
  moved: ReadonlySet<string>,
  gap: Gap,
): number {
  if (gap === "top") return 0;
  if (gap === "end") return others.length;
  const index = "before" in gap ? order.indexOf(gap.before) : order.indexOf(gap.after) + 1;
  const stays = order.slice(0, Math.max(0, index)).filter((name) => !moved.has(name));
  return stays.length;
}

/** One place up or down: past the next flow that stays; null at the end of the list. */
export function stepGap(moved: ReadonlySet<string>, order: readonly string[], by: -1 | 1): Gap | null {
  if (moved.size === 0) return null;
  const at = order.map((name) => moved.has(name));
  if (by < 0) {
    const before = order.slice(0, at.indexOf(true)).findLast((name) => !moved.has(name));
    return before === undefined ? null : { before };
  }
  const after = order.slice(at.lastIndexOf(true) + 1).find((name) => !moved.has(name));
  return after === undefined ? null : { after };
}

/** Those that are not so already. */
export function switchEdits(flows: readonly Flow[], on: boolean): Edit[] {
  return flows.filter(({ skipped }) => skipped === on).map(({ name }): Edit => ({ do: "switch", name, on }));
}

export function removeEdits(flows: readonly Flow[]): Edit[] {
  return flows.map(({ name }): Edit => ({ do: "remove", name }));
}

/** A copy behind each original, under a name that is free. */
export function duplicateEdits(
  flows: readonly Flow[],
  taken: readonly string[],
): { edits: Edit[]; names: string[] } {
  const all = new Set(taken);
  const names: string[] = [];
  const edits = flows.map((flow): Edit => {
    const name = freeName(flow.name, all);
    all.add(name);
    names.push(name);
    return { do: "add", item: { ...flow, name }, after: flow.name };
  });
  return { edits, names };
}

/** "mail", "mail and web", "mail, web and 3 more" */
export function namesText(names: readonly string[], most = 3): string {
  if (names.length <= most) return joined(names);
  return joined([...names.slice(0, most), `${(names.length - most).toLocaleString("en")} more`]);
}

function joined(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

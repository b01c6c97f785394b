/** Which flows are selected: a value, and what clicks and keys make of it. */

export type Selection = {
  names: ReadonlySet<string>;
  /** What was selected when the anchor was set: a range that shrinks again gives back only what it added. */
  base: ReadonlySet<string>;
  /** Where a range begins: what was selected alone last. */
  anchor: string | null;
};

const NO_NAMES: ReadonlySet<string> = new Set();
export const NOTHING: Selection = { names: NO_NAMES, base: NO_NAMES, anchor: null };

/** The flow in or out, whatever else is selected. */
export function toggled({ names }: Selection, name: string): Selection {
  const next = new Set(names);
  if (!next.delete(name)) next.add(name);
  return { names: next, base: next, anchor: name };
}

/** Everything from the anchor to `to` besides what was selected before; `from` is the anchor where there is none. */
export function extended(
  { base, anchor }: Selection,
  order: readonly string[],
  to: string,
  from: string | null,
): Selection {
  const start = anchor !== null && order.includes(anchor) ? anchor : (from ?? to);
  const [a, b] = [order.indexOf(start), order.indexOf(to)].sort((one, other) => one - other);
  const range = order.slice(Math.max(0, a ?? 0), (b ?? 0) + 1);
  return { names: new Set([...base, ...range]), base, anchor: start };
}

export function everything(order: readonly string[]): Selection {
  const names = new Set(order);
  return { names, base: names, anchor: order[0] ?? null };
}

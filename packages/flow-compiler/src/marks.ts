/**
 * Who keeps which mark across edits. Live connections hang on a mark: IPVS finds a connection's service by it, and
 * `ip rule` its table. So a director or table keeps its mark for as long as any flow names it, even one that is
 * switched off, and new ones take the lowest that is free. Directors and tables share one row of numbers: a table's
 * mark must never be the fwmark of an IPVS service.
 */
import {
  type Action,
  type Config,
  type Diagnostic,
  type Parsed,
  parseTable,
  refuse,
} from "@flowmgr/flow-model";
import { OUR_TABLES } from "./ours.ts";
import type { CompileOptions, Marks } from "./program.ts";

/** The mark with this index under a mask: index 1 under 0xff00 is 0x100. */
export function markOf(index: number, mask: number): number {
  return (index << lowestBit(mask)) >>> 0;
}

/** Position of the lowest bit of a mask. */
function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** The highest index under a mask: how many marks it can tell apart, since 0 is "no mark". */
function highestIndex(mask: number): number {
  return mask >>> lowestBit(mask);
}

type Marked = keyof Marks;

/**
 * The marks of a config, given those that were in force before.
 *
 * Errors: the mask holds no more marks; the machine does not know a table's name (`options.tables`); a table lies
 * in the range that is ours. The diagnostic names the policy that could not be served.
 */
export function assignMarks(
  config: Config,
  old: Marks,
  options: CompileOptions,
): { marks: Marks } | { error: Diagnostic } {
  const wanted = new Map<string, { kind: Marked; key: string; path: string; flow: string }>();
  for (const [index, item] of config.items.entries()) {
    if ((item.kind !== "flow" && item.kind !== "outflow") || !item.policy) continue;
    const at = { path: `/items/${index}/policy`, flow: item.name };
    const owner = markOwner(item.policy, options);
    if (owner === null) continue;
    if ("error" in owner) return { error: { ...owner.error, severity: "error", ...at } };
    wanted.set(`${owner.ok.kind} ${owner.ok.key}`, { ...owner.ok, ...at });
  }
  const highest = highestIndex(options.markMask);
  const taken = new Map<number, string>();
  for (const [id, { kind, key }] of wanted) {
    const index = own(old[kind], key);
    if (index !== null && index >= 1 && index <= highest && !taken.has(index)) taken.set(index, id);
  }
  const settled = new Set(taken.values());
  let free = 1;
  for (const [id, { path, flow }] of wanted) {
    if (settled.has(id)) continue;
    while (taken.has(free)) free += 1;
    if (free > highest) return { error: { ...noMarkLeft(options.markMask), path, flow } };
    taken.set(free, id);
  }
  return {
    marks: marksFrom([...taken].map(([index, id]) => ({ index, owner: wanted.get(id) }))),
  };
}

function marksFrom(
  entries: {
    index: number;
    owner: { kind: Marked; key: string } | undefined;
  }[],
): Marks {
  const sorted = entries.sort((a, b) => a.index - b.index);
  const of = (kind: Marked) =>
    // fromEntries makes own properties of any name: a director may be called __proto__.
    Object.fromEntries(
      sorted.flatMap(({ index, owner }) => (owner?.kind === kind ? [[owner.key, index]] : [])),
    );
  return { directors: of("directors"), tables: of("tables") };
}

function noMarkLeft(mask: number): Diagnostic {
  const most = highestIndex(mask);
  return {
    code: "marks-full",
    severity: "error",
    message: `there is no packet mark left: the mask 0x${mask.toString(16)} tells ${most} directors and tables apart`,
    help: "remove directors or tables that are no longer needed, or set a wider mark mask",
  };
}

/** Who holds the mark of a policy; null for a policy that marks nothing. */
function markOwner(action: Action, options: CompileOptions): Parsed<{ kind: Marked; key: string }> | null {
  if (action.action === "director") return { ok: { kind: "directors", key: action.director } };
  if (action.action !== "table") return null;
  const number = tableNumber(action.table, options);
  return "error" in number ? number : { ok: { kind: "tables", key: String(number.ok) } };
}

/** The number of a policy's table. */
function tableNumber(text: string, options: CompileOptions): Parsed<number> {
  const table = parseTable(text);
  if ("error" in table) return table;
  const number = "number" in table.ok ? table.ok.number : own(options.tables ?? {}, table.ok.name);
  if (number === null) {
    const help = "write its number, or give it a name in /etc/iproute2/rt_tables";
    return refuse("unknown-table", `this machine has no routing table called "${text}"`, help);
  }
  if (number >= OUR_TABLES.first && number <= OUR_TABLES.last) {
    const range = `${OUR_TABLES.first} to ${OUR_TABLES.last}`;
    const help = `write a table outside ${range}`;
    return refuse(
      "reserved-table",
      `routing table ${number} belongs to flowmgr: its directors use ${range}`,
      help,
    );
  }
  return { ok: number };
}

/** The mark of a policy and, for a table, its number; null for a policy that marks nothing. */
export function markFor(
  action: Action,
  marks: Marks,
  options: CompileOptions,
): { index: number; table: number | null } | null {
  const owner = markOwner(action, options);
  if (owner === null) return null;
  const index = "ok" in owner ? own(marks[owner.ok.kind], owner.ok.key) : null;
  // The marks come from assignMarks for this same config, which refuses what has none.
  if (index === null || !("ok" in owner)) throw new Error("a policy without a mark came to compile");
  return { index, table: owner.ok.kind === "tables" ? Number(owner.ok.key) : null };
}

/** An own property: a director may be called `constructor`. */
function own(values: { [name: string]: number }, name: string): number | null {
  return Object.hasOwn(values, name) ? (values[name] ?? null) : null;
}

/**
 * Who keeps which mark across edits. Live connections hang on a mark: IPVS finds a connection's service by it, and
 * `ip rule` its table; and IPVS services are made by hand, for a mark. So a director or table that comes back gets the
 * mark that it had, and new ones take the lowest that nobody has or had, as long as there is one. Directors and tables
 * share one row of numbers: a table's mark must never be the fwmark of an IPVS service.
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

/** The index of a mark under a mask, the other way round; null when the mask does not hold it, or it is 0. */
export function indexOf(mark: number, mask: number): number | null {
  const outside = (mark & ~mask) >>> 0;
  return mark === 0 || outside !== 0 ? null : mark >>> lowestBit(mask);
}

/** Position of the lowest bit of a mask. */
function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** The highest index under a mask: how many marks it can tell apart, since 0 is "no mark". */
export function highestIndex(mask: number): number {
  return mask >>> lowestBit(mask);
}

type Marked = keyof Marks;

const NONE: Marks = { directors: {}, tables: {} };

/**
 * The marks of a config. `old`: who had which before, whether the config names him now or not; `byHand`: who must
 * have which, before all others.
 *
 * Errors: the mask holds no more marks; the machine does not know a table's name (`options.tables`); a table lies
 * in the range that is ours. The diagnostic names the policy that could not be served.
 */
export function assignMarks(
  config: Config,
  old: Marks,
  options: CompileOptions,
  byHand: Marks = NONE,
): { marks: Marks } | { error: Diagnostic } {
  const wanted = new Map<string, { kind: Marked; key: string; index: number }>();
  const placeOf = (index: number) => {
    const item = config.items[index];
    return { path: `/items/${index}/policy`, ...(item && "name" in item && { flow: item.name }) };
  };
  for (const [index, item] of config.items.entries()) {
    if ((item.kind !== "flow" && item.kind !== "outflow") || !item.policy) continue;
    const owner = markOwner(item.policy, options);
    if (owner === null) continue;
    if ("error" in owner) return { error: { ...owner.error, severity: "error", ...placeOf(index) } };
    const { kind, key } = owner.ok;
    wanted.set(`${kind} ${key}`, { kind, key, index });
  }
  const highest = highestIndex(options.markMask);
  const taken = new Map<number, string>();
  const settled = new Set<string>();
  for (const kept of [byHand, old]) {
    for (const [id, { kind, key }] of wanted) {
      const index = own(kept[kind], key);
      if (index === null || index < 1 || index > highest || taken.has(index) || settled.has(id)) continue;
      taken.set(index, id);
      settled.add(id);
    }
  }
  const next = freeIndexes(highest, taken, indexesOf(byHand), indexesOf(old));
  for (const [id, { index: place }] of wanted) {
    if (settled.has(id)) continue;
    const index = next();
    if (index === null) return { error: { ...noMarkLeft(options.markMask), ...placeOf(place) } };
    taken.set(index, id);
  }
  return {
    marks: marksFrom([...taken].map(([index, id]) => ({ index, owner: wanted.get(id) }))),
  };
}

const indexesOf = ({ directors, tables }: Marks): Set<number> =>
  new Set([...Object.values(directors), ...Object.values(tables)]);

/**
 * Gives a function that gives the lowest index that nobody has or had, then the lowest that somebody had; null when
 * there is none. What was set by hand waits for its owner, however long.
 */
function freeIndexes(
  highest: number,
  taken: ReadonlyMap<number, string>,
  byHand: ReadonlySet<number>,
  old: ReadonlySet<number>,
): () => number | null {
  const isFree = (index: number) => !taken.has(index) && !byHand.has(index);
  let [fresh, used] = [1, 1];
  return () => {
    while (fresh <= highest && (!isFree(fresh) || old.has(fresh))) fresh += 1;
    if (fresh <= highest) return fresh;
    while (used <= highest && !isFree(used)) used += 1;
    return used <= highest ? used : null;
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

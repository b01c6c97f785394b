/** What the tree of the dispatch can ask of a packet, and which flows each answer leaves (see `dispatch-tree.ts`). */
import type { Family } from "@flowmgr/flow-model";
import { type Entry, portWords, type Region } from "./dispatch-entry.ts";
import {
  commonDigits,
  digit,
  narrows,
  type PortRange,
  type Prefix,
  prefixWords,
  type Reach,
} from "./reach.ts";

/** Of one test, ns (see `dispatch-tree.ts`). */
export const PRICE = { address: 2, proto: 8, port: 18 } as const;

/** A question: who is sent on, and what all others may still meet. `price`: of being asked once, ns. */
export type Question = { answers: Answer[]; rest: Entry[]; price: number; restShare: number };
/** `share`: what part of the packets that are sent on it takes. */
export type Answer = { words: string; region: Region; entries: Entry[]; share: number };

/** Chains of a question about ports. */
export const MOST_RANGES = 16;

/** What holds for a whole tree. */
export type TreeLimits = {
  family: Family;
  /** What a row may cost, ns. */
  cheapRow: number;
  /** Flows for each chain of a question about protocol or ports. */
  flowsForAChain: number;
};

/** Four bits of an address, the first four in which the flows differ; null where the answers would not fit into `room`. */
export function byAddress(
  field: "dst" | "src",
  entries: readonly Entry[],
  region: Region,
  room: number,
  family: Family,
): Question | null {
  const within = region[field];
  const digits = firstDifference(field, entries, within);
  if (digits === null) return null;
  const children = childrenAt(field, digits, entries, within);
  const careless = entries.filter(({ reaches }) => isCareless(reaches));
  if ((careless.length + 1) * children.size > room) return null;
  const rest: Entry[] = [];
  for (const entry of entries) {
    const { reaches } = entry;
    const [only] = reaches;
    if (isCareless(reaches)) {
      rest.push(entry);
      for (const child of children.values()) child.entries.push(entry);
    } else if (only && reaches.length === 1) {
      const prefix = only[field];
      const { from, count } = narrows(prefix, within) ? valuesAt(prefix, digits) : NO_VALUES;
      for (let value = from; value < from + count; value += 1) add(children.get(value), entry, true);
    } else {
      const wide = reaches.filter((reach) => !narrows(reach[field], within));
      if (wide.length > 0) rest.push({ ...entry, reaches: wide });
      for (const [value, child] of children) {
        const inside = reaches.filter((reach) => takes(reach, value));
        if (inside.length === 0) continue;
        const some = inside.length === reaches.length ? entry : { ...entry, reaches: inside };
        add(child, some, inside.length > wide.length);
      }
    }
  }
  const total = [...children.values()].reduce((sum, { specific }) => sum + specific, 0);
  const answers = [...children.values()].map(
    (child): Answer => ({
      words: prefixWords(field === "dst" ? "-d" : "-s", child.prefix, family),
      region: { ...region, [field]: child.prefix },
      entries: child.entries,
      share: child.specific / total,
    }),
  );
  // Sources that flows name are exceptions, destinations are what the machine is there for.
  return { answers, rest, price: PRICE.address, restShare: field === "src" ? 0.5 : 1 / (answers.length + 1) };

  function isCareless(reaches: readonly Reach[]): boolean {
    for (const reach of reaches) if (narrows(reach[field], within)) return false;
    return true;
  }

  function takes(reach: Reach, value: number): boolean {
    const prefix = reach[field];
    if (!narrows(prefix, within)) return true;
    const { from, count } = valuesAt(prefix, digits ?? 0);
    return from <= value && value < from + count;
  }
}

const NO_VALUES = { from: 0, count: 0 };

function add(child: Child | undefined, entry: Entry, isSpecific: boolean): void {
  if (!child) return;
  child.entries.push(entry);
  if (isSpecific) child.specific += 1;
}

type Child = { prefix: Prefix; entries: Entry[]; specific: number };

/** A child for each value that the digit has in some network, in order. */
function childrenAt(
  field: "dst" | "src",
  digits: number,
  entries: readonly Entry[],
  within: Prefix,
): Map<number, Child> {
  const used = new Set<number>();
  let start = "";
  for (const { reaches } of entries) {
    for (const reach of reaches) {
      const prefix = reach[field];
      if (!narrows(prefix, within)) continue;
      start = prefix.hex.slice(0, digits);
      const { from, count } = valuesAt(prefix, digits);
      for (let value = from; value < from + count; value += 1) used.add(value);
    }
  }
  const childOf = (value: number): Child => {
    const hex = `${start}${value.toString(16)}`.padEnd(within.hex.length, "0");
    return { prefix: { hex, length: 4 * digits + 4 }, entries: [], specific: 0 };
  };
  return new Map([...used].sort((a, b) => a - b).map((value) => [value, childOf(value)]));
}

/** The values of a digit for which a network holds something: up to eight where its length ends within the digit. */
function valuesAt(prefix: Prefix, at: number): { from: number; count: number } {
  return { from: digit(prefix, at), count: 2 ** Math.max(0, 4 * at + 4 - prefix.length) };
}

/** The place of the first digit in which the networks inside of `within` differ or end; null when there are none. */
function firstDifference(field: "dst" | "src", entries: readonly Entry[], within: Prefix): number | null {
  let first: Prefix | null = null;
  let digits = 0;
  for (const { reaches } of entries) {
    for (const reach of reaches) {
      const prefix = reach[field];
      if (!narrows(prefix, within)) continue;
      const fixed = (prefix.length - 1) >> 2;
      if (first === null) {
        first = prefix;
        digits = fixed;
      } else digits = commonDigits(first, prefix, Math.min(digits, fixed));
    }
  }
  return first && digits;
}

/** The protocols that flows name. */
export function byProtocol(
  entries: readonly Entry[],
  region: Region,
  { flowsForAChain }: TreeLimits,
): Question | null {
  if (region.proto !== "") return null;
  const named = new Set(entries.flatMap(({ reaches }) => reaches.map(({ proto }) => proto)));
  named.delete("");
  if (named.size === 0 || entries.length < flowsForAChain * named.size) return null;
  const answers = [...named].map(
    (proto): Answer => ({
      words: proto,
      region: { ...region, proto },
      entries: keep(entries, (reach) => reach.proto === "" || reach.proto === proto),
      share: 0,
    }),
  );
  const rest = keep(entries, (reach) => reach.proto === "");
  return { answers: shared(answers), rest, price: PRICE.proto, restShare: 1 / (answers.length + 1) };
}

const WITH_PORTS = ["-p tcp", "-p udp", "-p sctp"];

/** Ranges of destination ports that part the flows evenly; asked only where the protocol is known. */
export function byPort(
  entries: readonly Entry[],
  region: Region,
  { flowsForAChain }: TreeLimits,
): Question | null {
  const { proto, ports } = region;
  const most = Math.min(MOST_RANGES, entries.length / flowsForAChain);
  if (!WITH_PORTS.includes(proto) || most < 2) return null;
  const whole = ports ?? { low: 0, high: 65_535 };
  /** How many flows care, by where their ranges begin. */
  const starts = new Map<number, number>();
  const count = (port: number, by: number) => starts.set(port, (starts.get(port) ?? 0) + by);
  for (const { reaches } of entries) {
    for (const reach of reaches) {
      for (const { low, high } of reach.ports ?? []) {
        if (low > whole.low && low <= whole.high) count(low, 1);
        if (high >= whole.low && high < whole.high) count(high + 1, 0);
      }
    }
  }
  if (starts.size === 0) return null;
  const answers = evenParts(starts, whole, most).flatMap((range): Answer[] => {
    const takes = (one: PortRange) => one.low <= range.high && range.low <= one.high;
    const some = keep(entries, (reach) => reach.ports?.some(takes) ?? true);
    if (some.length === 0) return [];
    return [
      { words: portWords(proto, [range]), region: { ...region, ports: range }, entries: some, share: 0 },
    ];
  });
  return { answers: shared(answers), rest: [], price: PRICE.port, restShare: 0 };
}

/** The range cut at some of the starts, so that no part has much more than its share of what begins there. */
function evenParts(starts: ReadonlyMap<number, number>, whole: PortRange, parts: number): PortRange[] {
  const edges = [...starts].sort(([a], [b]) => a - b);
  const most = edges.reduce((sum, [, weight]) => sum + weight, 0) / parts;
  const lows = [whole.low];
  let weight = 0;
  for (const [edge, more] of edges) {
    if (weight + more > most) {
      lows.push(edge);
      weight = 0;
    }
    weight += more;
  }
  return lows.map((low, at) => ({ low, high: (lows[at + 1] ?? whole.high + 1) - 1 }));
}

/** Packets go where flows are. */
function shared(answers: Answer[]): Answer[] {
  const total = answers.reduce((sum, { entries }) => sum + entries.length, 0);
  return answers.map((answer) => ({ ...answer, share: answer.entries.length / total }));
}

/** The entries with the reaches that pass, in their order, without those that keep none. */
function keep(entries: readonly Entry[], passes: (reach: Reach) => boolean): Entry[] {
  return entries.flatMap((entry) => {
    const reaches = entry.reaches.filter(passes);
    if (reaches.length === 0) return [];
    return [reaches.length === entry.reaches.length ? entry : { ...entry, reaches }];
  });
}

/** What the tree of the dispatch can ask of a packet, and which flows each answer leaves (see `dispatch-tree.ts`). */
import { BITS, type Family } from "@flowmgr/flow-model";
import { type Entry, portWords, type Region } from "./dispatch-entry.ts";
import {
  bitsAt,
  commonBits,
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

/** What a question may take: levels that are left on the way, its own among them, and jumps, all together. */
export type Room = { questions: number; jumps: number };

/**
 * Bits that a question about an address asks for. Four bits cost a packet 8.4 tests and 0.9 gotos, two 2.25 and 0.75. In
 * a packet's way a goto costs nft some 50 ns, a test of IPv4 10: 33 or 30 ns a bit, and four bits copy less. A test of
 * IPv6 costs 15 to 25: 58 or 43. But a way holds few questions: four bits are asked for where with two there would be less
 * than two questions to spare.
 */
const USUAL_BITS: Record<Family, number> = { 4: 4, 6: 2 };
const MANY_BITS = 4;
const SPARE_QUESTIONS = 2;

/** Flows that do not care, up to which the last destinations stay with them. */
const FEW_CARELESS = 2;

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

/**
 * Some bits of an address, where the flows begin to differ; null where the answers would not fit into `room`. Of few
 * destinations the flows for the last stay, with those that do not care, and are asked about in the same chain: it saves
 * their packets a test and a goto. Where more flows do not care, all that no answer takes would pay for it.
 */
export function byAddress(
  field: "dst" | "src",
  entries: readonly Entry[],
  region: Region,
  room: Room,
  { family, cheapRow }: TreeLimits,
): Question | null {
  const within = region[field];
  const start = firstDifference(field, entries, within, USUAL_BITS[family]);
  if (start === null) return null;
  const careless = entries.filter(({ reaches }) => reaches.every((reach) => !narrows(reach[field], within)));
  const apart = Math.log2(((entries.length - careless.length) * PRICE.address) / cheapRow);
  const usual = USUAL_BITS[family];
  const wanted = apart > usual * (room.questions - SPARE_QUESTIONS) ? MANY_BITS : usual;
  const bits: Bits = { field, within, start, count: Math.min(wanted, BITS[family] - start) };
  const children = childrenAt(bits, entries);
  const last = [...children.keys()].at(-1) ?? NOWHERE;
  const mayStay = field === "dst" && wanted < MANY_BITS && careless.length <= FEW_CARELESS;
  const stays = mayStay && children.size > 1 ? last : NOWHERE;
  children.delete(stays);
  if ((careless.length + 1) * children.size > room.jumps) return null;
  const { rest, staying } = sendOn(entries, children, bits, stays);
  const sent = [...children.values()].reduce((sum, { specific }) => sum + specific, 0);
  const answers = [...children.values()].map(
    (child): Answer => ({
      words: prefixWords(field === "dst" ? "-d" : "-s", child.prefix, family),
      region: { ...region, [field]: child.prefix },
      entries: child.entries,
      share: child.specific / sent,
    }),
  );
  // Sources that flows name are exceptions, destinations are what the machine is there for.
  const elsewhere = field === "src" ? 0.5 : 1 / (answers.length + 1);
  const restShare = elsewhere + ((1 - elsewhere) * staying) / (sent + staying);
  return { answers, rest, price: PRICE.address, restShare };
}

/**
 * Puts each flow into the children whose packets it can meet, and gives those that packets of none can: who does not care,
 * and who has the value that stays. `staying`: how many these are.
 */
function sendOn(
  entries: readonly Entry[],
  children: ReadonlyMap<number, Child>,
  bits: Bits,
  stays: number,
): { rest: Entry[]; staying: number } {
  const { field, within } = bits;
  const rest: Entry[] = [];
  let staying = 0;
  const isWide = (reach: Reach) => !narrows(reach[field], within);
  const send = (entry: Entry, value: number) => {
    const child = children.get(value);
    const isSpecific = !entry.reaches.every(isWide);
    (child?.entries ?? rest).push(entry);
    if (child) child.specific += isSpecific ? 1 : 0;
    else staying += isSpecific ? 1 : 0;
  };
  for (const entry of entries) {
    const { reaches } = entry;
    const [only] = reaches;
    const prefix = only && reaches.length === 1 ? only[field] : null;
    if (narrows(prefix, within)) {
      // As nearly all are: where it goes is told by its bits.
      const { from, count } = valuesAt(prefix, bits);
      for (let value = from; value < from + count; value += 1) send(entry, value);
      continue;
    }
    for (const value of [stays, ...children.keys()]) {
      const inside = part(entry, (reach) => isWide(reach) || takes(reach[field], value, bits));
      if (inside) send(inside, value);
    }
  }
  return { rest, staying };
}

function takes(prefix: Prefix | null, value: number, bits: Bits): boolean {
  if (!prefix) return false;
  const { from, count } = valuesAt(prefix, bits);
  return from <= value && value < from + count;
}

/** No value of bits. */
const NOWHERE = -1;

/** `count` bits of an address that lies `within` a network, from `start` on. */
type Bits = { field: "dst" | "src"; within: Prefix; start: number; count: number };

type Child = { prefix: Prefix; entries: Entry[]; specific: number };

/** A child for each value that the bits have in some network, in order. */
function childrenAt(bits: Bits, entries: readonly Entry[]): Map<number, Child> {
  const { field, within } = bits;
  const used = new Map<number, Prefix>();
  for (const { reaches } of entries) {
    for (const reach of reaches) {
      const prefix = reach[field];
      if (!narrows(prefix, within)) continue;
      const { from, count } = valuesAt(prefix, bits);
      for (let value = from; value < from + count; value += 1) {
        if (!used.has(value)) used.set(value, startOf(prefix, bits, value));
      }
    }
  }
  const sorted = [...used].sort(([one], [other]) => one - other);
  return new Map(sorted.map(([value, prefix]) => [value, { prefix, entries: [], specific: 0 }]));
}

/** The values of the bits for which a network holds something: more than one where its length ends within them. */
function valuesAt(prefix: Prefix, { start, count }: Bits): { from: number; count: number } {
  return {
    from: bitsAt(prefix, start, count),
    count: 2 ** Math.max(0, start + count - prefix.length),
  };
}

/** The network of the addresses that begin like the prefix, with this value in the bits. */
function startOf({ hex }: Prefix, { start, count }: Bits, value: number): Prefix {
  const length = start + count;
  const digits = Math.ceil(length / 4);
  const low = BigInt(4 * digits - length);
  const top =
    ((BigInt(`0x${hex.slice(0, digits)}`) >> (low + BigInt(count))) << BigInt(count)) | BigInt(value);
  return { hex: (top << low).toString(16).padStart(digits, "0").padEnd(hex.length, "0"), length };
}

/**
 * The first bit in which the networks inside of `within` differ, or the last one of the widest, or up to `step` before it,
 * since one flow more then seldom moves where all others are parted; null when there are none.
 */
function firstDifference(
  field: "dst" | "src",
  entries: readonly Entry[],
  within: Prefix,
  step: number,
): number | null {
  let first: Prefix | null = null;
  let bits = 0;
  for (const { reaches } of entries) {
    for (const reach of reaches) {
      const prefix = reach[field];
      if (!narrows(prefix, within)) continue;
      if (first === null) {
        first = prefix;
        bits = prefix.length - 1;
      } else bits = commonBits(first, prefix, Math.min(bits, prefix.length - 1));
    }
  }
  return first && bits - (bits % step);
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
  return entries.flatMap((entry) => part(entry, passes) ?? []);
}

/** The entry with the reaches that pass; null when none does. */
function part(entry: Entry, passes: (reach: Reach) => boolean): Entry | null {
  const reaches = entry.reaches.filter(passes);
  if (reaches.length === 0) return null;
  return reaches.length === entry.reaches.length ? entry : { ...entry, reaches };
}

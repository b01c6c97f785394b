/** Questions about bits of an address (see `dispatch-tree.ts`). */
import { BITS, type Family } from "@flowmgr/flow-model";
import { NOTHING, PRICE, Weight } from "./dispatch-cost.ts";
import { type Change, type Entry, part, type Region } from "./dispatch-entry.ts";
import type { Parted, Question, Room, TreeLimits } from "./dispatch-questions.ts";
import {
  beginningOf,
  bitsAt,
  commonBits,
  contains,
  narrows,
  type Prefix,
  prefixWords,
  type Reach,
} from "./reach.ts";

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

type Field = "dst" | "src";

/** What the question about an address comes to: which bits it asks for, and what each of their values leaves. */
export type Survey = {
  bits: Bits;
  /** How many bits one would ask for, whether or not the address has as many. */
  wanted: number;
  /** The packets that are asked. */
  region: Region;
  /** Flows of which no value takes any away, and how many others there are. */
  careless: Weight;
  caring: number;
  children: ReadonlyMap<number, Child>;
  /** The value of which the flows are asked about in the same chain, and what those leave there. */
  stays: number;
  staying: Child;
};

/** `count` bits of an address that begins like `head`, from its end on; it lies `within` a network. */
type Bits = { field: Field; within: Prefix; head: Prefix; start: number; count: number };

/** The packets that have one value in the bits, and what those of the flows cost them that care. */
type Child = { region: Region; weight: Weight; specific: number };

/** No value of bits. */
const NOWHERE = -1;

/**
 * Some bits of an address, where the flows begin to differ; null where none of them cares. Of few destinations the flows
 * for the last stay, with those that do not care, and are asked about in the same chain: it saves their packets a test
 * and a goto. Where more flows do not care, all that no answer takes would pay for it.
 */
export function surveyOf(
  field: Field,
  entries: readonly Entry[],
  region: Region,
  room: Room,
  limits: TreeLimits,
): Survey | null {
  const within = region[field];
  const head = commonHead(field, entries, within, USUAL_BITS[limits.family]);
  if (head === null) return null;
  const careless = new Weight();
  const caring: Entry[] = [];
  for (const entry of entries) {
    if (cares(entry, field, within)) caring.push(entry);
    else careless.add(entry.reaches, region);
  }
  const wanted = wantedBits(caring.length, room, limits);
  const start = head.length;
  const bits = { field, within, head, start, count: Math.min(wanted, BITS[limits.family] - start) };
  const children = childrenAt(bits, caring, region);
  const last = [...children.keys()].at(-1) ?? NOWHERE;
  const stays = children.size > 1 && mayStay(field, wanted, careless) ? last : NOWHERE;
  children.delete(stays);
  const staying: Child = { region, weight: new Weight(), specific: 0 };
  const values = [stays, ...children.keys()];
  for (const entry of caring) {
    eachPlace(entry, bits, values, (inside, value) => {
      const child = children.get(value) ?? staying;
      child.weight.add(inside.reaches, child.region);
      if (cares(inside, field, within)) child.specific += 1;
    });
  }
  return { bits, wanted, region, careless, caring: caring.length, children, stays, staying };
}

function wantedBits(caring: number, { questions }: Room, { family, cheapRow }: TreeLimits): number {
  const usual = USUAL_BITS[family];
  const apart = Math.log2((caring * PRICE.address) / cheapRow);
  return apart > usual * (questions - SPARE_QUESTIONS) ? MANY_BITS : usual;
}

const mayStay = (field: Field, wanted: number, careless: Weight) =>
  field === "dst" && wanted < MANY_BITS && careless.flows <= FEW_CARELESS;

/**
 * What the survey is once some flows have gone and others have come, without a look at all the others; undefined where
 * that takes one, as where other values are used than before.
 */
export function surveyAfter(
  before: Survey,
  { gone, come }: Change,
  room: Room,
  limits: TreeLimits,
): Survey | undefined {
  const { bits, region, stays } = before;
  const { field, within, head, start, count } = bits;
  const children = new Map([...before.children].map(([value, child]) => [value, copyOf(child)]));
  const staying = copyOf(before.staying);
  const careless = before.careless.with(NOTHING);
  let { caring } = before;
  const tally = (entries: readonly Entry[], times: 1 | -1) =>
    entries.every(({ reaches }) => {
      if (reaches.every((reach) => !narrows(reach[field], within))) {
        careless.add(reaches, region, times);
        return true;
      }
      const prefix = sameIn(reaches, field);
      if (!prefix) return false;
      const value = bitsAt(prefix, start, count);
      const child = value === stays ? staying : children.get(value);
      if (!child || prefix.length < start + count || !contains(head, prefix)) return false;
      child.weight.add(reaches, child.region, times);
      child.specific += times;
      caring += times;
      return true;
    });
  if (!tally(gone, -1) || !tally(come, 1)) return;
  const used = [...children.values(), ...(stays === NOWHERE ? [] : [staying])];
  if (used.length < 2 || used.some(({ specific }) => specific === 0)) return;
  const wanted = wantedBits(caring, room, limits);
  if (wanted !== before.wanted || mayStay(field, wanted, careless) !== (stays !== NOWHERE)) return;
  return { bits, wanted, region, careless, caring, children, stays, staying };
}

const copyOf = (child: Child): Child => ({ ...child, weight: child.weight.with(NOTHING) });

/** The question that a survey makes; null where the answers would not fit into `room`. */
export function byAddress(
  survey: Survey,
  entries: readonly Entry[],
  room: Room,
  family: Family,
): Question | null {
  const { bits, careless, children, staying } = survey;
  if ((careless.flows + 1) * children.size > room.jumps) return null;
  const sent = [...children.values()].reduce((sum, { specific }) => sum + specific, 0);
  const answers = [...children.values()].map(({ weight, specific }) => ({
    weight: weight.with(careless),
    share: specific / sent,
  }));
  // Sources that flows name are exceptions, destinations are what the machine is there for.
  const elsewhere = bits.field === "src" ? 0.5 : 1 / (answers.length + 1);
  return {
    answers,
    rest: staying.weight.with(careless),
    price: PRICE.address,
    restShare: elsewhere + ((1 - elsewhere) * staying.specific) / (sent + staying.specific),
    parted: () => sendOn(entries, survey, family),
  };
}

function cares({ reaches }: Entry, field: Field, within: Prefix): boolean {
  for (const reach of reaches) if (narrows(reach[field], within)) return true;
  return false;
}

/** The flows that packets of each child can meet, and those that packets of none can. */
function sendOn(entries: readonly Entry[], { bits, children, stays }: Survey, family: Family): Parted {
  const { field, within } = bits;
  const values = [stays, ...children.keys()];
  const sent = new Map(values.map((value): [number, Entry[]] => [value, []]));
  const all = [...sent.values()];
  for (const entry of entries) {
    if (cares(entry, field, within)) {
      eachPlace(entry, bits, values, (inside, value) => sent.get(value)?.push(inside));
    } else for (const some of all) some.push(entry);
  }
  const answers = [...children].map(([value, { region }]) => ({
    words: prefixWords(field === "dst" ? "-d" : "-s", region[field], family),
    region,
    entries: sent.get(value) ?? [],
  }));
  return { answers, rest: sent.get(stays) ?? [] };
}

/** Tells of a flow that cares which of the values its packets can have, and what of it these can meet. */
function eachPlace(
  entry: Entry,
  bits: Bits,
  values: readonly number[],
  put: (inside: Entry, value: number) => void,
): void {
  const { field, within } = bits;
  const prefix = sameIn(entry.reaches, field);
  if (prefix) {
    // As nearly all are: where it goes is told by its bits.
    const { from, count } = valuesAt(prefix, bits);
    for (let value = from; value < from + count; value += 1) put(entry, value);
    return;
  }
  for (const value of values) {
    const inside = part(entry, (reach) => !narrows(reach[field], within) || takes(reach, value, bits));
    if (inside) put(inside, value);
  }
}

/** The network that all reaches ask for; null where they differ, or one of them takes any. */
function sameIn(reaches: readonly Reach[], field: Field): Prefix | null {
  const prefix = reaches[0]?.[field] ?? null;
  for (const reach of reaches) if (reach[field] !== prefix) return null;
  return prefix;
}

function takes(reach: Reach, value: number, bits: Bits): boolean {
  const prefix = reach[bits.field];
  if (!prefix) return false;
  const { from, count } = valuesAt(prefix, bits);
  return from <= value && value < from + count;
}

/** A child for each value that the bits have in some network, in order. */
function childrenAt(bits: Bits, caring: readonly Entry[], region: Region): Map<number, Child> {
  const { field, within } = bits;
  const used: (Prefix | undefined)[] = Array.from({ length: 1 << bits.count }, () => undefined);
  for (const { reaches } of caring) {
    for (const reach of reaches) {
      const prefix = reach[field];
      if (!narrows(prefix, within)) continue;
      const { from, count } = valuesAt(prefix, bits);
      for (let value = from; value < from + count; value += 1) used[value] ??= startOf(prefix, bits, value);
    }
  }
  return new Map(
    used.flatMap((prefix, value): [number, Child][] =>
      prefix ? [[value, { region: { ...region, [field]: prefix }, weight: new Weight(), specific: 0 }]] : [],
    ),
  );
}

/** The values of the bits for which a network holds something: more than one where its length ends within them. */
function valuesAt(prefix: Prefix, { start, count }: Bits): { from: number; count: number } {
  return {
    from: bitsAt(prefix, start, count),
    count: 1 << Math.max(0, start + count - prefix.length),
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
 * What the networks inside of `within` have in common, up to the first bit in which they differ, or the last one of the
 * widest, or up to `step` before it, since one flow more then seldom moves where all others are parted; null when there
 * are none.
 */
function commonHead(field: Field, entries: readonly Entry[], within: Prefix, step: number): Prefix | null {
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
  return first && beginningOf(first, bits - (bits % step));
}

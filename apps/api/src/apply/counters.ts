/**
 * What each rule has counted, since when, and when it was last seen to grow. The kernel forgets it with a rule's line,
 * at a reboot and at a flush, and knows no times, so totals are kept here and on disk: what the lines of a rule show
 * more than at the last reading is added, and a line that shows less has begun at zero. Lines are known one by one only
 * since the last apply or start; before that, only their sum.
 *
 * An apply writes chains anew. It tells what their lines have counted before it changes anything, and again, final,
 * when no packet meets them any more, and takes them away behind that. If we die in between, the next apply tells it
 * again; its batch says whether that is in the totals. Only on a full disk totals wait in memory alone.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Counters } from "@flowmgr/flow-api";
import type { Program } from "@flowmgr/flow-compiler";
import type { Config } from "@flowmgr/flow-model";
import {
  type ApplyOptions,
  type Count,
  type CountedLine,
  countLines,
  countRules,
  type Tally,
} from "@flowmgr/kernel";
import type { Clock } from "../parts.ts";
import { tryWrite } from "../store/database.ts";
import { counterAnswer } from "./counter-answer.ts";
import { flowsBetween, ownersIn } from "./owners.ts";
import { pause } from "./pace.ts";
import { flowOf, flowsAnew, keyOf, sameRules } from "./same-rules.ts";
import type { Serial } from "./serial.ts";
import { Changing, type Ledger, readLedger, type Total, type Totals, writeLedger } from "./totals.ts";

/** Reading may cost this part of a core, 1/10, however many watch: at 10 000 flows one reading takes 0.4 s. */
export const READING_SHARE = 10;
/** An answer this young is given again, so that many who ask at once cost one reading. */
const FRESH_MS = 500;
/** What was seen goes to disk this often: so much is lost when the machine loses its power. */
const SAVE_MS = 30_000;

/** A revision whose rules count. */
export type Counted = { revision: number; config: Config; program: Program };

type Options = {
  db: DatabaseSync;
  clock: Clock;
  /** All that reads or writes the kernel. */
  kernelQueue: Serial;
  readKernel: (program: Program) => Promise<Count[]>;
  /** Throws when the revision can't be had. */
  load: (revision: number) => Counted;
};

/** Goes along with an apply. */
export type Booking = {
  book: NonNullable<ApplyOptions["book"]>;
  anew: readonly string[];
  /** The new rules are in force; `lines`: what they have counted. */
  done: (lines: CountedLine[]) => void;
};

const NOTHING: Tally = { packets: 0, bytes: 0 };

export class Counting {
  readonly #options: Options;
  /** As it is on disk. */
  #written: Ledger;
  #now: Ledger;
  /** The revision of `#now`; undefined as long as nobody asked for it. */
  #counted: Counted | null | undefined;
  #savedAt: number;
  /** By rule: what its lines showed when its total was read last; null after an apply, and after a start. */
  #lines: Map<string, Count["lines"]> | null = null;
  /** For whose rules the totals were made, all of them, since the start. */
  #renewed: Counted | null = null;
  #last: { answer: Counters; until: number } | null = null;
  #reading: Promise<Counters> | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#written = readLedger(options.db);
    this.#now = this.#written;
    this.#savedAt = options.clock.monotonic();
  }

  /** Counts per flow and rule, at most half a second old, or older where reading is dear. */
  async read(): Promise<Counters> {
    if (this.#last && this.#options.clock.monotonic() < this.#last.until) return this.#last.answer;
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readNow(): Promise<Counters> {
    const { clock, kernelQueue, readKernel } = this.#options;
    const began = clock.monotonic();
    const answer = await kernelQueue(async () => {
      const counted = this.#current();
      const counts = counted ? await readKernel(counted.program) : [];
      if (counted) this.#note(counts, counted);
      return counterAnswer(clock.now(), counts, this.#now.totals);
    });
    const ended = clock.monotonic();
    this.#last = { answer, until: ended + pause(ended - began, READING_SHARE, FRESH_MS) };
    return answer;
  }

  /** What lines show, those included that no packet meets and that an apply did not come to book. */
  note(lines: readonly CountedLine[]): void {
    const counted = this.#current();
    if (counted) this.#note(countLines(lines, counted.program), counted);
  }

  /** `counts`: of all rules of the program that show anything. */
  #note(counts: readonly Count[], { program }: Counted): void {
    const { clock } = this.#options;
    const at = clock.now();
    const totals = new Changing(this.#now.totals);
    const lines = new Map<string, Count["lines"]>();
    for (const count of counts) {
      const key = keyOf(count.source);
      lines.set(key, count.lines);
      const total = totals.get(key);
      if (total && !(isNothing(count) && isSame(total.seen, NOTHING)))
        totals.set(key, grown(total, this.#shown(count), at, this.#moreOf(key, total, count)));
    }
    const others = [...showing(this.#now.totals)].filter(([key]) => !lines.has(key));
    for (const { source } of others.length > 0 ? countRules([], program, flowsIn(others)) : []) {
      const total = totals.get(keyOf(source));
      if (total && !lines.has(keyOf(source))) totals.set(keyOf(source), grown(total, NOTHING, at));
    }
    this.#lines = lines;
    this.#now = { ...this.#now, totals: totals.value };
    if (clock.monotonic() - this.#savedAt >= SAVE_MS) this.save();
  }

  /** What the rule's lines show more than at the last reading, each by itself; null when that is not known of all. */
  #moreOf(key: string, { seen }: Total, { lines, retired }: Count): Tally | null {
    if (this.#lines === null || retired !== undefined) return null;
    const before = this.#lines.get(key) ?? {};
    if (!isSame(Object.values(before).reduce(plus, NOTHING), seen)) return null;
    return Object.entries(lines)
      .map(([line, shown]) => moreThan(before[line] ?? NOTHING, shown))
      .reduce(plus, NOTHING);
  }

  /** Of retired lines, what is not booked. */
  #shown({ packets, bytes, retired = {} }: Count): Tally {
    const open = Object.entries(retired).filter(([batch]) => !this.#now.booked.has(batch));
    return open.reduce((sum, [, more]) => plus(sum, more), { packets, bytes });
  }

  /**
   * For an apply of `wanted`, null for nothing. `tried`: another revision that the kernel may hold, or may have held
   * until it was taken away, while we did not look.
   */
  booking(wanted: Counted | null, tried: Counted | null): Booking {
    const counted = this.#current();
    const others = [wanted, tried].filter((one) => one !== null);
    let owner: ReturnType<typeof ownersIn> | null = null;
    return {
      anew: counted && wanted ? flowsAnew(counted.config, wanted.config) : [],
      book: (lines, switched) => {
        if (counted && !switched) this.#note(countLines(lines, counted.program), counted);
        this.#lines = null;
        if (counted) {
          owner ??= ownersIn(counted, others);
          this.#book(lines, owner, switched);
        }
        this.#now = { ...this.#now, booked: new Set(lines.flatMap(({ retired }) => retired ?? [])) };
        this.save();
      },
      done: (lines) => {
        this.#renew(counted, wanted, lines);
        this.#lines = null;
        this.#last = null;
        this.save();
      },
    };
  }

  #book(lines: readonly CountedLine[], ownerOf: ReturnType<typeof ownersIn>, switched: boolean): void {
    const at = this.#options.clock.now();
    const { booked } = this.#now;
    const [all, met] = [new Map<string, Tally>(), new Map<string, Tally>()];
    for (const line of lines) {
      if (line.retired !== null && booked.has(line.retired)) continue;
      const key = ownerOf(line, switched && line.retired === null);
      if (key === undefined) continue;
      all.set(key, plus(all.get(key) ?? NOTHING, line));
      if (line.retired === null) met.set(key, plus(met.get(key) ?? NOTHING, line));
    }
    const totals = new Changing(this.#now.totals);
    for (const key of new Set([...all.keys(), ...[...showing(totals.value)].map(([key]) => key)])) {
      const total = totals.get(key);
      if (total) totals.set(key, seenAs(grown(total, all.get(key) ?? NOTHING, at), met.get(key) ?? NOTHING));
    }
    this.#now = { ...this.#now, totals: totals.value };
  }

  /** A rule that is there again, or still, goes on with its total; another begins with this moment. */
  #renew(counted: Counted | null, wanted: Counted | null, lines: readonly CountedLine[]): void {
    const at = this.#options.clock.now();
    const { revision, totals: old, before } = this.#now;
    const isOther = wanted?.revision !== revision;
    const again = wanted && before?.revision === wanted.revision ? before.totals : null;
    const same = counted && wanted ? sameRules(counted.config, wanted.config) : null;
    // Of all other flows each rule is there already.
    const among = wanted && counted && counted === this.#renewed ? flowsBetween(counted, wanted) : null;
    const isAmong = (key: string) => among === null || among.has(flowOf(key));
    const totals = new Changing(among === null ? new Map() : old);
    const left: Totals = new Map();
    for (const [key, total] of old) {
      if (!isAmong(key)) continue;
      totals.delete(key);
      if (!same?.stays(key)) left.set(key, total);
    }
    for (const count of wanted ? showingOrAmong(lines, wanted.program, among, totals.value) : []) {
      const key = keyOf(count.source);
      const past = old.get(same?.from(key) ?? "");
      const seen = { packets: count.packets, bytes: count.bytes };
      const anew = again?.get(key) ?? { ...NOTHING, since: at, lastHit: null };
      totals.set(key, past ? grown(past, count, at) : { ...anew, seen });
    }
    this.#now = {
      ...this.#now,
      revision: wanted?.revision ?? null,
      totals: totals.value,
      before: isOther ? (revision === null ? null : { revision, totals: left }) : before,
    };
    this.#counted = wanted;
    this.#renewed = wanted;
  }

  #current(): Counted | null {
    if (this.#counted === undefined) this.#counted = this.#load();
    return this.#counted;
  }

  /** Without the program of a revision nobody knows what its lines were, and every rule begins anew. */
  #load(): Counted | null {
    const { revision } = this.#now;
    try {
      return revision === null ? null : this.#options.load(revision);
    } catch {
      return null;
    }
  }

  /**
   * To disk. One that takes nothing gets it the next time: what counts in the kernel, and whether the rules are
   * right, does not hang on it.
   */
  save(): void {
    tryWrite(() => {
      writeLedger(this.#options.db, this.#written, this.#now);
      this.#written = this.#now;
      this.#savedAt = this.#options.clock.monotonic();
    });
  }

  /** A last reading, to disk: what comes after it is lost only when the kernel's counters are, before the next start. */
  async close(): Promise<void> {
    await this.read().catch(() => undefined);
    this.save();
  }
}

/** A total with what was counted since it was last seen: what it shows more, where the lines do not tell it better. */
function grown(total: Total, { packets, bytes }: Tally, at: number, byLines: Tally | null = null): Total {
  const { seen } = total;
  const more = byLines ?? moreThan(seen, { packets, bytes });
  if (isSame(more, NOTHING) && isSame(seen, { packets, bytes })) return total;
  return {
    packets: total.packets + more.packets,
    bytes: total.bytes + more.bytes,
    seen: { packets, bytes },
    since: total.since,
    lastHit: more.packets > 0 ? at : total.lastHit,
  };
}

/** What shows less than before has begun at zero. */
function moreThan(seen: Tally, { packets, bytes }: Tally): Tally {
  const from = packets < seen.packets || bytes < seen.bytes ? NOTHING : seen;
  return { packets: packets - from.packets, bytes: bytes - from.bytes };
}

const isSame = (one: Tally, other: Tally) => one.packets === other.packets && one.bytes === other.bytes;

const isNothing = ({ packets, retired }: Count) => packets === 0 && retired === undefined;

function seenAs(total: Total, seen: Tally): Total {
  return isSame(total.seen, seen) ? total : { ...total, seen };
}

const plus = (sum: Tally, more: Tally): Tally => ({
  packets: sum.packets + more.packets,
  bytes: sum.bytes + more.bytes,
});

/** Those of which lines in the kernel show something. */
function* showing(totals: Totals): Iterable<[key: string, total: Total]> {
  for (const entry of totals) if (!isSame(entry[1].seen, NOTHING)) yield entry;
}

const flowsIn = (entries: readonly [key: string, total: Total][]): Set<string> =>
  new Set(entries.map(([key]) => flowOf(key)));

/** The counts of all rules of these flows, and of each other one that shows something, or did. */
function showingOrAmong(
  lines: readonly CountedLine[],
  program: Program,
  among: ReadonlySet<string> | null,
  totals: Totals,
): Count[] {
  if (among === null) return countRules(lines, program);
  const flows = flowsIn([...showing(totals)]);
  for (const { source } of countLines(lines, program)) flows.add(source.flow);
  return countRules(lines, program, new Set([...among, ...flows]));
}

/**
 * Packet and byte counts with their history: since when each counts, and when it was last seen to grow. The kernel
 * knows neither, so both are kept here, and on disk, so that a restart forgets nothing.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Counters } from "@flowmgr/flow-api";
import type { Program, Source } from "@flowmgr/flow-compiler";
import type { Count } from "@flowmgr/kernel";
import { z } from "zod";
import { rfc3339 } from "../clock.ts";
import type { Clock } from "../parts.ts";
import { transaction } from "../store/database.ts";
import { pause } from "./pace.ts";

/** Reading may cost this part of a core, 1/10, however many watch: at 10 000 flows one reading takes 0.4 s. */
export const READING_SHARE = 10;
/** An answer this young is given again, so that many who ask at once cost one reading. */
const FRESH_MS = 500;
/** What was seen goes to disk this often; a crash forgets at most that much of `lastHit`. */
const SAVE_MS = 30_000;

type Seen = { packets: number; since: number; lastHit: number | null };
type Total = Counters["flows"][number]["rules"][number];

const row = z.object({
  flow: z.string(),
  rule: z.number(),
  packets: z.number(),
  since: z.number(),
  last_hit: z.number().nullable(),
});

/** Rule 0 stands for a flow's ICMP errors: rules count from 1. */
const keyOf = (source: Source): string => `${source.flow}/${source.rule ?? 0}`;

/** The counters of what is in force. */
export class Counting {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #readKernel: () => Promise<Count[]>;
  readonly #seen = new Map<string, Seen>();
  readonly #unsaved = new Map<string, Source>();
  /** Which rule counts at which place of the program in force; null before the first. */
  #keyAt: Map<string, string> | null = null;
  #savedAt: number;
  #last: { answer: Counters; until: number } | null = null;
  #reading: Promise<Counters> | null = null;

  /** `readKernel` is never called twice at once. */
  constructor(db: DatabaseSync, clock: Clock, readKernel: () => Promise<Count[]>) {
    this.#db = db;
    this.#clock = clock;
    this.#readKernel = readKernel;
    this.#savedAt = clock.monotonic();
    for (const found of db.prepare("SELECT * FROM counter").all()) {
      const { flow, rule, packets, since, last_hit } = row.parse(found);
      this.#seen.set(keyOf({ flow, rule }), { packets, since, lastHit: last_hit });
    }
  }

  /** Counts per flow and rule, at most half a second old, or older where reading is dear. */
  async read(): Promise<Counters> {
    if (this.#last && this.#clock.monotonic() < this.#last.until) return this.#last.answer;
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readNow(): Promise<Counters> {
    const began = this.#clock.monotonic();
    const counts = await this.#readKernel();
    const at = this.#clock.now();
    const flows = byFlow(counts.map((count) => ({ count, seen: this.#note(count, at) })));
    const ended = this.#clock.monotonic();
    const until = ended + pause(ended - began, READING_SHARE, FRESH_MS);
    this.#last = { answer: { at: rfc3339(at), flows }, until };
    if (ended - this.#savedAt > SAVE_MS) this.save();
    return this.#last.answer;
  }

  /** One rule's count, and what it says about the past. */
  #note(count: Count, at: number): Seen {
    const key = keyOf(count.source);
    const before = this.#seen.get(key) ?? { packets: 0, since: at, lastHit: null };
    if (this.#seen.has(key) && before.packets === count.packets) return before;
    const now = {
      packets: count.packets,
      // A count that shrank began anew behind our back: a reboot, or `iptables -Z`.
      since: count.packets < before.packets ? at : before.since,
      lastHit: count.packets > before.packets ? at : before.lastHit,
    };
    this.#seen.set(key, now);
    this.#unsaved.set(key, count.source);
    return now;
  }

  /**
   * Another program is in force now; the counters of `reset` began anew with it. A rule is known again by where it
   * counts in the kernel, for its number changes when one before it goes.
   */
  renew(program: Program | null, reset: Source[]): void {
    const at = this.#clock.now();
    const anew = new Set(reset.map(keyOf));
    const before = new Map(this.#seen);
    const keyAt = this.#keyAt;
    this.#keyAt = new Map();
    this.#seen.clear();
    for (const [key, { source, place }] of sources(program)) {
      this.#keyAt.set(place, key);
      // At the start nobody remembers places, and what is on disk is of this program.
      const old = keyAt === null ? key : keyAt.get(place);
      const kept = anew.has(key) || old === undefined ? undefined : before.get(old);
      const now = kept ?? { packets: 0, since: at, lastHit: null };
      this.#seen.set(key, now);
      if (now !== before.get(key)) this.#unsaved.set(key, source);
    }
    for (const key of before.keys()) {
      if (this.#seen.has(key)) continue;
      const [flow = "", rule] = key.split("/");
      this.#unsaved.set(key, { flow, rule: Number(rule) });
    }
    this.#last = null;
    this.save();
  }

  /**
   * What was seen since the last time, to disk. One that takes nothing gets it the next time: what counts in the
   * kernel, and whether the rules are right, does not hang on it.
   */
  save(): void {
    if (this.#unsaved.size === 0) return;
    try {
      this.#write();
    } catch {
      return;
    }
    this.#unsaved.clear();
    this.#savedAt = this.#clock.monotonic();
  }

  #write(): void {
    transaction(this.#db, () => {
      const put = this.#db.prepare(
        "INSERT OR REPLACE INTO counter (flow, rule, packets, since, last_hit) VALUES (?, ?, ?, ?, ?)",
      );
      const drop = this.#db.prepare("DELETE FROM counter WHERE flow = ? AND rule = ?");
      for (const [key, { flow, rule }] of this.#unsaved) {
        const now = this.#seen.get(key);
        if (now) put.run(flow, rule ?? 0, now.packets, now.since, now.lastHit);
        else drop.run(flow, rule ?? 0);
      }
    });
  }
}

/** What counts in a program, each once, in its order, and the first place in the kernel where it does. */
function sources(program: Program | null): Map<string, { source: Source; place: string }> {
  const found = new Map<string, { source: Source; place: string }>();
  for (const family of ["ip", "ip6"] as const) {
    for (const { name, rules } of program?.[family]?.chains ?? []) {
      for (const [at, { counts, source }] of rules.entries()) {
        if (!counts || !source || found.has(keyOf(source))) continue;
        found.set(keyOf(source), { source, place: `${family} ${name} ${at}` });
      }
    }
  }
  return found;
}

function byFlow(counts: { count: Count; seen: Seen }[]): Counters["flows"] {
  const flows = new Map<string, { rules: Total[]; icmpErrors?: Omit<Total, "rule"> }>();
  for (const { count, seen } of counts) {
    const { packets, bytes, source } = count;
    const flow = flows.get(source.flow) ?? { rules: [] };
    flows.set(source.flow, flow);
    const total = {
      packets,
      bytes,
      since: rfc3339(seen.since),
      lastHit: seen.lastHit === null ? null : rfc3339(seen.lastHit),
    };
    if (source.rule === null) flow.icmpErrors = total;
    else flow.rules.push({ rule: source.rule, ...total });
  }
  return [...flows].map(([name, flow]) => ({
    name,
    ...sum([...flow.rules, ...(flow.icmpErrors ? [flow.icmpErrors] : [])]),
    rules: flow.rules.sort((a, b) => a.rule - b.rule),
    ...(flow.icmpErrors && { icmpErrors: flow.icmpErrors }),
  }));
}

/** All packets whose visit ended in the flow. It counts since its oldest part does. */
function sum(parts: Omit<Total, "rule">[]): Omit<Total, "rule"> {
  const times = parts.map((part) => part.since).sort();
  const hits = parts.flatMap((part) => part.lastHit ?? []).sort();
  return {
    packets: parts.reduce((total, part) => total + part.packets, 0),
    bytes: parts.reduce((total, part) => total + part.bytes, 0),
    since: times[0] ?? "",
    lastHit: hits.at(-1) ?? null,
  };
}

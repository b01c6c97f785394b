/** The totals of rules on disk. */
import type { DatabaseSync } from "node:sqlite";
import type { Tally } from "@flowmgr/kernel";
import { z } from "zod";
import { transaction } from "../store/database.ts";
import { keyOf, sourceOf } from "./same-rules.ts";

/** What a rule has counted in all, and how much of it its lines in the kernel show. Times: milliseconds since 1970. */
export type Total = Tally & { seen: Tally; since: number; lastHit: number | null };

/** By the key of the rule. A Total is never changed, only replaced. */
export type Totals = Map<string, Total>;

/** Totals as they become; those it began with stay as they are, and are what it gives where nothing changed. */
export class Changing {
  readonly #before: Totals;
  #now: Totals | null = null;

  constructor(before: Totals) {
    this.#before = before;
  }

  get value(): Totals {
    return this.#now ?? this.#before;
  }

  get(key: string): Total | undefined {
    return this.value.get(key);
  }

  set(key: string, total: Total): void {
    if (this.get(key) === total) return;
    this.#now ??= new Map(this.#before);
    this.#now.set(key, total);
  }

  delete(key: string): void {
    if (!this.value.has(key)) return;
    this.#now ??= new Map(this.#before);
    this.#now.delete(key);
  }
}

export type Ledger = {
  /** The revision whose rules count now; null when none do. */
  revision: number | null;
  totals: Totals;
  /** The revision before: the totals of its rules that are not among those of now. */
  before: { revision: number; totals: Totals } | null;
  /** Batches that are part of the totals. */
  booked: Set<string>;
};

const row = z.object({
  flow: z.string(),
  rule: z.number(),
  packets: z.number(),
  bytes: z.number(),
  seen_packets: z.number(),
  seen_bytes: z.number(),
  since: z.number(),
  last_hit: z.number().nullable(),
});

const counting = z.object({ revision: z.number().nullable(), before: z.number().nullable() });

export function readLedger(db: DatabaseSync): Ledger {
  const { revision, before } = counting.parse(db.prepare("SELECT revision, before FROM counting").get());
  const booked = db.prepare("SELECT name FROM booked_batch").all();
  return {
    revision,
    totals: readTotals(db, "now"),
    before: before === null ? null : { revision: before, totals: readTotals(db, "before") },
    booked: new Set(booked.map(({ name }) => String(name))),
  };
}

/** As the table says it. */
const WHEN = { now: 0, before: 1 };

function readTotals(db: DatabaseSync, when: keyof typeof WHEN): Totals {
  const found = db.prepare("SELECT * FROM rule_total WHERE before = ?").all(WHEN[when]);
  return new Map(
    found.map((each) => {
      const { flow, rule, packets, bytes, seen_packets, seen_bytes, since, last_hit } = row.parse(each);
      const seen = { packets: seen_packets, bytes: seen_bytes };
      return [keyOf({ flow, rule }), { packets, bytes, seen, since, lastHit: last_hit }];
    }),
  );
}

/** Writes what differs from `written`, which is what is on disk, in one transaction. Throws what the disk says. */
export function writeLedger(db: DatabaseSync, written: Ledger, now: Ledger): void {
  transaction(db, () => {
    if (now.revision !== written.revision || now.before?.revision !== written.before?.revision) {
      db.prepare("UPDATE counting SET revision = ?, before = ?").run(
        now.revision,
        now.before?.revision ?? null,
      );
    }
    writeTotals(db, "now", written.totals, now.totals);
    writeTotals(db, "before", written.before?.totals ?? NONE, now.before?.totals ?? NONE);
    const drop = db.prepare("DELETE FROM booked_batch WHERE name = ?");
    for (const name of written.booked) if (!now.booked.has(name)) drop.run(name);
    const add = db.prepare("INSERT INTO booked_batch (name) VALUES (?)");
    for (const name of now.booked) if (!written.booked.has(name)) add.run(name);
  });
}

const NONE: Totals = new Map();

function writeTotals(db: DatabaseSync, when: keyof typeof WHEN, written: Totals, totals: Totals): void {
  if (written === totals) return;
  const put = db.prepare("INSERT OR REPLACE INTO rule_total VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  for (const [key, total] of totals) {
    if (written.get(key) === total) continue;
    const { flow, rule } = sourceOf(key);
    const { packets, bytes, seen, since, lastHit } = total;
    put.run(WHEN[when], flow, rule ?? 0, packets, bytes, seen.packets, seen.bytes, since, lastHit);
  }
  const drop = db.prepare("DELETE FROM rule_total WHERE before = ? AND flow = ? AND rule = ?");
  for (const key of written.keys()) {
    if (totals.has(key)) continue;
    const { flow, rule } = sourceOf(key);
    drop.run(WHEN[when], flow, rule ?? 0);
  }
}

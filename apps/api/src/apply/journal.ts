/** What applying keeps on disk: the revisions, how each ended, and where the present apply stands. */
import type { DatabaseSync } from "node:sqlite";
import type { Revision } from "@flowmgr/flow-api";
import type { Marks } from "@flowmgr/flow-compiler";
import { type Config, configSchema, flowsOf, parse } from "@flowmgr/flow-model";
import { z } from "zod";
import { rfc3339 } from "../clock.ts";
import { type State, stateSchema } from "./machine.ts";

export type Outcome = Revision["outcome"];

/** A revision with what it takes to put it into the kernel again. */
export type StoredRevision = {
  revision: number;
  author: string;
  message: string;
  at: string;
  config: Config;
  text: string;
  marks: Marks;
  /** The mask under which they count. */
  markMask: number;
  /** Routing tables by name, as the machine knew them then: the program must come out the same again. */
  tables: { [name: string]: number };
};

const numbers = z.record(z.string(), z.number());
const marksSchema: z.ZodType<Marks> = z.object({
  directors: numbers,
  tables: numbers,
});

const summaryRow = z.object({
  id: z.number(),
  author: z.string(),
  message: z.string(),
  at: z.number(),
  outcome: z.enum(["unconfirmed", "confirmed", "reverted", "expired", "failed"]),
  ended: z.number().nullable(),
  flows: z.number(),
  rules: z.number(),
});
export type Summary = z.output<typeof summaryRow>;
/** From the index alone: in the table it stands behind megabytes. */
const SUMMARY =
  "SELECT id, author, message, at, outcome, ended, flows, rules FROM revision INDEXED BY revision_summary";

const fullRow = summaryRow.extend({
  config: z.string(),
  text: z.string(),
  /** Null for a revision that has config and text in its own row, as all had before. */
  written: z.string().nullable(),
  marks: z.string(),
  tables: z.string(),
  mark_mask: z.number().nullable(),
});

/** Revisions that are kept: those that were in force, and of the others, which a script may make by the minute, fewer. */
const KEPT = { inForce: 1000, tried: 50 };

export type Journal = ReturnType<typeof openJournal>;

/**
 * `db` is migrated. Nothing is kept in memory: what these functions give is what is on disk. `markMask`: the setting, for
 * revisions that were written before the mask was written with them.
 */
export function openJournal(db: DatabaseSync, markMask: number) {
  const one = (sql: string, ...values: (string | number)[]) => db.prepare(sql).get(...values);
  return {
    state: (): State => stateSchema.parse(JSON.parse(String(one("SELECT state FROM applying")?.state))),

    /** Writes the mask with revisions that have none, before it is another. Throws when the disk does not take it. */
    settleMasks(): void {
      if (one("SELECT 1 FROM revision WHERE mark_mask IS NULL")) {
        db.prepare("UPDATE revision SET mark_mask = ? WHERE mark_mask IS NULL").run(markMask);
      }
    },

    writeState(state: State): void {
      db.prepare("UPDATE applying SET state = ?").run(JSON.stringify(state));
    },

    /**
     * Leaves the newest of each kind, and those that the state names; the disk does not fill up with configs that were
     * refused again and again.
     */
    prune(): void {
      const named = Object.entries(this.state()).flatMap(([key, value]) =>
        (key === "running" || key === "trying") && typeof value === "number" ? [value] : [],
      );
      db.prepare(
        `DELETE FROM revision WHERE id NOT IN (SELECT value FROM json_each(?))
         AND id NOT IN (SELECT id FROM revision WHERE outcome IN ('confirmed', 'unconfirmed') ORDER BY id DESC LIMIT ?)
         AND id NOT IN (SELECT id FROM revision WHERE outcome NOT IN ('confirmed', 'unconfirmed') ORDER BY id DESC LIMIT ?)`,
      ).run(JSON.stringify(named), KEPT.inForce, KEPT.tried);
    },

    /** Gives the new revision's number. `text` is what the config prints, by which it is kept. Within a transaction. */
    add(fields: Omit<StoredRevision, "revision" | "at"> & { at: number }): number {
      const flows = flowsOf(fields.config);
      const rules = flows.reduce((sum, flow) => sum + flow.rules.length, 0);
      const { lastInsertRowid } = db
        .prepare(
          `INSERT INTO revision (author, message, at, config, text, marks, mark_mask, tables, flows, rules)
           VALUES (?, ?, ?, '', '', ?, ?, ?, ?, ?)`,
        )
        .run(
          fields.author,
          fields.message,
          fields.at,
          JSON.stringify(fields.marks),
          fields.markMask,
          JSON.stringify(fields.tables),
          flows.length,
          rules,
        );
      db.prepare("INSERT INTO revision_text VALUES (?, ?)").run(lastInsertRowid, fields.text);
      return Number(lastInsertRowid);
    },

    record(revision: number, outcome: Outcome, at: number): void {
      db.prepare("UPDATE revision SET outcome = ?, ended = ? WHERE id = ?").run(outcome, at, revision);
    },

    get(revision: number): StoredRevision | null {
      const found = one(
        `SELECT revision.*, revision_text.text AS written
         FROM revision LEFT JOIN revision_text ON revision_text.revision = id WHERE id = ?`,
        revision,
      );
      return found ? storedIn(fullRow.parse(found), markMask) : null;
    },

    summary(revision: number): Summary | null {
      const found = one(`${SUMMARY} WHERE id = ?`, revision);
      return found ? summaryRow.parse(found) : null;
    },

    /** The newest first; `after`: only those older than this one. */
    list(limit: number, after: number | undefined): Summary[] {
      return db
        .prepare(`${SUMMARY} WHERE id < ? ORDER BY id DESC LIMIT ?`)
        .all(after ?? Number.MAX_SAFE_INTEGER, limit)
        .map((row) => summaryRow.parse(row));
    },
  };
}

function storedIn(row: z.output<typeof fullRow>, markMask: number): StoredRevision {
  const { id, author, message, written } = row;
  return {
    revision: id,
    author,
    message,
    at: rfc3339(row.at),
    config: written === null ? configSchema.parse(JSON.parse(row.config)) : configIn(written, id),
    text: written ?? row.text,
    marks: marksSchema.parse(JSON.parse(row.marks)),
    markMask: row.mark_mask ?? markMask,
    tables: numbers.parse(JSON.parse(row.tables)),
  };
}

/** A text of ours has no errors; one that has been changed on disk must not become a config with half of it left out. */
function configIn(text: string, revision: number): Config {
  const { config, diagnostics } = parse(text);
  const wrong = diagnostics.find(({ severity }) => severity === "error");
  if (wrong)
    throw new Error(`the text of revision ${revision} in the database cannot be read: ${wrong.message}`);
  return config;
}

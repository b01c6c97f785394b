/** What was put right in the kernel, and by whom. */
import type { Repair } from "@flowmgr/flow-api";
import { z } from "zod";
import { rfc3339 } from "../clock.ts";
import type { Parts } from "../parts.ts";
import { isDiskError } from "../store/database.ts";

/** Rows on disk: a program that fights with us for a month must not fill it. */
const KEPT = 1000;
/** Those that are told of. */
const SHOWN = 20;

const row = z.object({ at: z.number(), by: z.string(), revision: z.number().nullable(), detail: z.string() });

/** The list on disk, in the database of the server. `db` is migrated. */
export function openRepairs({ db, clock, events }: Pick<Parts, "db" | "clock" | "events">) {
  function add(at: number, { by, revision, detail }: Omit<Repair, "at">): void {
    db.prepare("INSERT INTO repair (at, by, revision, detail) VALUES (?, ?, ?, ?)").run(
      at,
      by,
      revision,
      detail,
    );
    db.prepare("DELETE FROM repair WHERE id <= (SELECT max(id) FROM repair) - ?").run(KEPT);
  }
  /** The newest first, 20 at most. */
  const list = (): Repair[] =>
    db
      .prepare("SELECT at, by, revision, detail FROM repair ORDER BY id DESC LIMIT ?")
      .all(SHOWN)
      .map((found) => row.parse(found))
      .map((found) => ({ ...found, at: rfc3339(found.at) }));
  let [last = null]: (Repair | null)[] = list();
  return {
    list,

    /** The newest, without asking the disk: every answer of the server asks for the state. */
    last: () => last,

    /** Writes it down and emits `repair`. */
    note(repair: Omit<Repair, "at">): void {
      const at = clock.now();
      last = { ...repair, at: rfc3339(at) };
      try {
        add(at, repair);
      } catch (error) {
        // The rules are right again, which is what counts; the disk will be told of by what needs it.
        if (!isDiskError(error)) throw error;
      }
      events.emit("repair", last);
    },
  };
}

/** Sessions of the page: a row each, ended by deleting it. */
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../parts.ts";
import { tryWrite } from "../store/database.ts";
import { hashOf, newSecret } from "./secrets.ts";

const HOUR = 3_600_000;
/** A working day and a bit: who comes back the next morning signs in again. */
const IDLE = 12 * HOUR;
/** Even a page that is always open signs in once a week. Milliseconds. */
export const LIFE = 7 * 24 * HOUR;
/** `seen_at` is written at most this often: a read must not cost a write to disk. */
const SEEN_EVERY = 60_000;

/** `since` and `until` in milliseconds since 1970; `until` is the end if nothing more is heard. */
export type Session = { name: string; since: number; until: number };

export type Sessions = {
  /** A new session; the secret goes into the cookie and is not kept. */
  start(name: string): { secret: string; session: Session };
  /** The session of a cookie, or null when there is none or its time is over. */
  find(secret: string): Session | null;
  end(secret: string): void;
};

export function openSessions(db: DatabaseSync, clock: Clock): Sessions {
  const add = db.prepare("INSERT INTO session (hash, name, made_at, seen_at) VALUES (?, ?, ?, ?)");
  const get = db.prepare(
    "SELECT name, made_at, seen_at FROM session WHERE hash = ? AND made_at > ? AND seen_at > ?",
  );
  // A wall clock that was set back must not make a session older than the world, and so without end.
  const seen = db.prepare("UPDATE session SET made_at = min(made_at, ?1), seen_at = ?1 WHERE hash = ?2");
  const remove = db.prepare("DELETE FROM session WHERE hash = ?");
  const dropOld = db.prepare("DELETE FROM session WHERE made_at <= ? OR seen_at <= ?");
  const until = (since: number, now: number) => Math.min(since + LIFE, now + IDLE);
  return {
    start(name) {
      const now = clock.now();
      const secret = newSecret();
      dropOld.run(now - LIFE, now - IDLE);
      add.run(hashOf(secret), name, now, now);
      return { secret, session: { name, since: now, until: until(now, now) } };
    },
    find(secret) {
      const now = clock.now();
      const row = get.get(hashOf(secret), now - LIFE, now - IDLE);
      if (!row) return null;
      if (Math.abs(now - Number(row.seen_at)) >= SEEN_EVERY) tryWrite(() => seen.run(now, hashOf(secret)));
      const since = Math.min(Number(row.made_at), now);
      return { name: String(row.name), since, until: until(since, now) };
    },
    end(secret) {
      remove.run(hashOf(secret));
    },
  };
}

/** Tokens of automation and the one-time codes of sign-in links. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../parts.ts";
import { hashOf, newSecret } from "./secrets.ts";

/** Milliseconds that a sign-in link works: long enough to copy it to another machine, short for a shell history. */
const CODE_MS = 10 * 60_000;
/** A code that seems to last longer than this was made before the wall clock was set back, nobody knows when. */
const LONGEST_MS = 2 * CODE_MS;

export type Tokens = {
  /** Whose token it is, or null. */
  find(token: string): string | null;
  /** Makes the admin's token when there is none, in `DIR/admin-token`; true when it did. */
  first(dir: string): boolean;
  /** A one-time code for a sign-in link. */
  newCode(name: string): string;
  /** Uses a code up: whose it is, or null when it is unknown, used or too old. */
  useCode(code: string): string | null;
};

export function openTokens(db: DatabaseSync, clock: Clock): Tokens {
  const find = db.prepare("SELECT name FROM token WHERE hash = ?");
  const addCode = db.prepare("INSERT INTO sign_in_code (hash, name, expires_at) VALUES (?, ?, ?)");
  const takeCode = db.prepare("DELETE FROM sign_in_code WHERE hash = ? RETURNING name");
  const dropOld = db.prepare("DELETE FROM sign_in_code WHERE expires_at <= ? OR expires_at > ?");
  const dropStale = () => dropOld.run(clock.now(), clock.now() + LONGEST_MS);
  return {
    find: (token) => nameOf(find.get(hashOf(token))),
    first(dir) {
      if (db.prepare("SELECT 1 FROM token").get()) return false;
      const token = newSecret();
      writeToken(join(dir, "admin-token"), token);
      // The file first: had we died between the two, the next start would make both anew.
      db.prepare("INSERT INTO token (hash, name, made_at) VALUES (?, 'admin', ?)").run(
        hashOf(token),
        clock.now(),
      );
      return true;
    },
    newCode(name) {
      const code = newSecret();
      dropStale();
      addCode.run(hashOf(code), name, clock.now() + CODE_MS);
      return code;
    },
    useCode(code) {
      dropStale();
      return nameOf(takeCode.get(hashOf(code)));
    },
  };
}

function nameOf(row: Record<string, unknown> | undefined): string | null {
  return row ? String(row.name) : null;
}

/** Whole or not at all, and at no moment readable by others. */
function writeToken(file: string, token: string): void {
  // A file that is left from before, or a link, would keep its own mode.
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o600, flag: "wx" });
  renameSync(`${file}.new`, file);
}

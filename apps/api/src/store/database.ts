/**
 * The data directory: one SQLite file, and a lock that says who uses it.
 *
 * Every write is on disk when its call returns (`synchronous = FULL`): a draft or a confirm deadline that was
 * answered must survive a power cut, and at some thousand writes a second nobody here waits for it.
 */
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "../place.ts";

/** The data directory cannot be used; the message says why and what to do. */
export class DataDirError extends Error {
  override name = "DataDirError";
}

/**
 * Makes the directory when it is missing, for root's eyes only: tokens and sessions live there. One that others may
 * write to is refused, since what they put there would be obeyed.
 */
export function makeDataDir(dir: string): void {
  try {
    makeDirectory(dir);
  } catch (error) {
    throw new DataDirError(`cannot make the data directory ${dir}: ${reason(error)}`);
  }
  if ((statSync(dir).mode & 0o022) === 0) return;
  throw new DataDirError(
    `others may write to the data directory ${dir}: chmod go-w ${dir}, or choose another with --data DIR`,
  );
}

/** Not `recursive: true`: below /proc, where a mkdir says ENOENT whatever is there, Node tries forever. */
function makeDirectory(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(dir) !== dir) makeDirectory(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}

/**
 * Claims the data directory for this process and gives a function that frees it. A second claim throws
 * DataDirError. The claim is a file lock that SQLite holds in a file of its own, so the kernel frees it whatever
 * way the process ends, and `login-link` can still open the database beside a running server.
 */
export function lockDataDir(dir: string): () => void {
  const file = join(dir, "lock");
  const lock = openFile(file);
  try {
    // Without a journal on disk, which a full one would not take.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!/locked/.test(reason(error))) throw new DataDirError(`cannot lock ${file}: ${reason(error)}`);
    throw new DataDirError(
      `the data directory ${dir} is in use by another flowmgr: stop that one, or give this one its own --data DIR`,
    );
  }
  return () => lock.close();
}

const WRITE_AHEAD = "PRAGMA journal_mode = WAL";

/** Opens `DIR/flowmgr.db`, brought up to the newest migration. Throws DataDirError. */
export function openDatabase(dir: string): DatabaseSync {
  const file = join(dir, "flowmgr.db");
  let db = openFile(file);
  try {
    if (!tryWrite(() => db.exec(WRITE_AHEAD))) {
      // A full disk has no room for the index that connections share. Who is alone keeps it in memory: then the rules
      // can still be read, and put into force.
      db.close();
      db = openFile(file);
      db.exec(`PRAGMA locking_mode = EXCLUSIVE; ${WRITE_AHEAD}`);
    }
    db.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000");
    migrate(db);
  } catch (error) {
    db.close();
    if (error instanceof DataDirError) throw error;
    throw new DataDirError(`cannot use ${file}: ${reason(error)}`);
  }
  return db;
}

/** Runs `work` in one transaction: all of it, or nothing when it throws, which throws what went wrong first. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk has rolled it back already; a second time would be an error that hides the first.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** READONLY, IOERR, FULL and CANTOPEN of SQLite, without the byte that tells more. */
const DISK_ERRORS: unknown[] = [8, 10, 13, 14];

/** Whether a write failed because of the disk: full, read-only, broken. */
export function isDiskError(error: unknown): error is Error {
  return error instanceof Error && "errcode" in error && DISK_ERRORS.includes(Number(error.errcode) & 0xff);
}

/** Writes what may be lost; gives whether the disk took it. Throws any other error. */
export function tryWrite(write: () => unknown): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (isDiskError(error)) return false;
    throw error;
  }
}

function openFile(file: string): DatabaseSync {
  try {
    // SQLite would make it readable for all, and gives its journals the mode of the file.
    closeSync(openSync(file, "a", 0o600));
    chmodSync(file, 0o600);
    return new DatabaseSync(file);
  } catch (error) {
    throw new DataDirError(`cannot open ${file}: ${reason(error)}`);
  }
}

/**
 * Runs every `migrations/NNNN-name.sql` that this database has not seen, in the order of the numbers, each in its
 * own transaction. A migration that has been released is never edited; the next one mends it.
 */
function migrate(db: DatabaseSync): void {
  db.exec("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT");
  const known = readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith(".sql"))
    .sort();
  const done = new Set(
    db
      .prepare("SELECT name FROM migrations")
      .all()
      .map((row) => String(row.name)),
  );
  const newer = [...done].find((name) => !known.includes(name));
  if (newer) {
    throw new DataDirError(
      `the database was written by a newer flowmgr (it has ${newer}): start that version`,
    );
  }
  for (const name of known.filter((file) => !done.has(file))) {
    transaction(db, () => {
      db.exec(readFileSync(join(MIGRATIONS, name), "utf8"));
      db.prepare("INSERT INTO migrations (name, at) VALUES (?, ?)").run(name, new Date().toISOString());
    });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readLedger } from "../src/apply/totals.ts";
import { LIFE, openSessions } from "../src/auth/sessions.ts";
import { openTokens } from "../src/auth/tokens.ts";
import { lockDataDir, makeDataDir, openDatabase, transaction } from "../src/store/database.ts";
import { testClock } from "./clock.ts";

const HOUR = 3_600_000;
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flowmgr-store-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

describe("the data directory", () => {
  it("is made for its owner alone", () => {
    makeDataDir(join(dir, "a/b"));
    expect(statSync(join(dir, "a/b")).mode & 0o777).toBe(0o700);
  });

  it("says why it cannot be made", () => {
    writeFileSync(join(dir, "file"), "");
    expect(() => makeDataDir(join(dir, "file/x"))).toThrow(`cannot make the data directory ${dir}/file/x: `);
  });

  it("takes one user at a time, and another when that one is gone", () => {
    const free = lockDataDir(dir);
    expect(() => lockDataDir(dir)).toThrow(`the data directory ${dir} is in use by another flowmgr: `);
    free();
    lockDataDir(dir)();
  });

  it("lets login-link open the database beside the server", () => {
    const free = lockDataDir(dir);
    const one = openDatabase(dir);
    const other = openDatabase(dir);
    one.exec("INSERT INTO server (only, url) VALUES (1, 'http://x')");
    expect(other.prepare("SELECT url FROM server").get()).toEqual({ url: "http://x" });
    for (const db of [one, other]) db.close();
    free();
  });
});

describe("migrations", () => {
  it("run once, in the order of their numbers", () => {
    openDatabase(dir).close();
    const db = openDatabase(dir);
    const names = db
      .prepare("SELECT name FROM migrations ORDER BY rowid")
      .all()
      .map((row) => String(row.name));
    expect(names.slice(0, 2)).toEqual(["0001-draft.sql", "0002-auth.sql"]);
    expect(names).toEqual([...names].sort());
    db.close();
  });

  it("refuse a database that a newer version wrote", () => {
    const db = openDatabase(dir);
    db.exec("INSERT INTO migrations (name, at) VALUES ('9999-future.sql', '')");
    db.close();
    expect(() => openDatabase(dir)).toThrow("written by a newer flowmgr (it has 9999-future.sql)");
  });

  it("keep the totals of what counts now and of the revision before, of no other", () => {
    const old = openDatabase(dir);
    old.exec(`DROP TABLE rule_total; DELETE FROM migrations WHERE name = '0112-totals-of-now.sql';
      CREATE TABLE rule_total (revision INTEGER, flow TEXT, rule INTEGER, packets INTEGER, bytes INTEGER,
        seen_packets INTEGER, seen_bytes INTEGER, since INTEGER, last_hit INTEGER);
      UPDATE counting SET revision = 7, before = 6;
      INSERT INTO rule_total VALUES (7, 'a', 1, 10, 100, 1, 2, 3, 4), (6, 'gone', 2, 20, 200, 5, 6, 7, NULL),
        (5, 'older', 1, 30, 300, 0, 0, 0, NULL)`);
    old.close();
    const db = openDatabase(dir);
    const { revision, totals, before } = readLedger(db);
    db.close();
    const a = { packets: 10, bytes: 100, seen: { packets: 1, bytes: 2 }, since: 3, lastHit: 4 };
    const gone = { packets: 20, bytes: 200, seen: { packets: 5, bytes: 6 }, since: 7, lastHit: null };
    expect([revision, [...totals.values()]]).toEqual([7, [a]]);
    expect([before?.revision, [...(before?.totals.values() ?? [])]]).toEqual([6, [gone]]);
  });

  it("make tables that refuse a value of the wrong type", () => {
    const db = openDatabase(dir);
    expect(() => db.exec("INSERT INTO session VALUES ('h', 'n', 'soon', 1)")).toThrow();
    db.close();
  });
});

it("a transaction leaves nothing behind when it fails", () => {
  const db = openDatabase(dir);
  expect(() =>
    transaction(db, () => {
      db.exec("INSERT INTO server (only, url) VALUES (1, 'x')");
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(db.prepare("SELECT count(*) AS n FROM server").get()).toEqual({ n: 0 });
  db.close();
});

it("a transaction that fills the disk says so, and the next one works", () => {
  const db = openDatabase(dir);
  const { page_count: pages } = db.prepare("PRAGMA page_count").get() ?? {};
  db.exec(`PRAGMA max_page_count = ${pages}`);
  const write = (text: string) =>
    transaction(db, () => db.prepare("INSERT INTO server (only, url) VALUES (1, ?)").run(text));
  expect(() => write("x".repeat(100_000))).toThrow("database or disk is full");
  write("http://x");
  expect(db.prepare("SELECT url FROM server").get()).toEqual({ url: "http://x" });
  db.close();
});

describe("tokens", () => {
  it("the first start writes one, for the owner's eyes only; the database holds its hash", () => {
    const db = openDatabase(dir);
    const tokens = openTokens(db, testClock());
    expect(tokens.first(dir)).toBe(true);
    const file = join(dir, "admin-token");
    const token = readFileSync(file, "utf8").trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(tokens.find(token)).toBe("admin");
    expect(tokens.find(`${token}x`)).toBeNull();
    expect(JSON.stringify(db.prepare("SELECT * FROM token").all())).not.toContain(token);
    db.close();
  });

  it("no second start makes another", () => {
    const db = openDatabase(dir);
    openTokens(db, testClock()).first(dir);
    rmSync(join(dir, "admin-token"));
    expect(openTokens(db, testClock()).first(dir)).toBe(false);
    expect(existsSync(join(dir, "admin-token"))).toBe(false);
    db.close();
  });

  it("a code signs in once, within ten minutes", () => {
    const db = openDatabase(dir);
    const clock = testClock();
    const tokens = openTokens(db, clock);
    const once = tokens.newCode("admin");
    expect(tokens.useCode(once)).toBe("admin");
    expect(tokens.useCode(once)).toBeNull();
    const late = tokens.newCode("admin");
    clock.pass(10 * 60_000);
    expect(tokens.useCode(late)).toBeNull();
    const intime = tokens.newCode("admin");
    clock.pass(10 * 60_000 - 1);
    expect(tokens.useCode(intime)).toBe("admin");
    db.close();
  });
});

it("a code is dead when the wall clock was set back by more than it lasts, and stays so", () => {
  const db = openDatabase(dir);
  const clock = testClock();
  const tokens = openTokens(db, clock);
  const [little, much] = [tokens.newCode("admin"), tokens.newCode("admin")];
  clock.set(-60_000);
  expect(tokens.useCode(little)).toBe("admin");
  clock.set(-3_600_000);
  expect(tokens.useCode(tokens.newCode("admin"))).toBe("admin");
  clock.pass(3_660_000);
  expect(tokens.useCode(much)).toBeNull();
  db.close();
});

describe("sessions", () => {
  it("outlive a wall clock that is set back, and are not made endless by it", () => {
    const db = openDatabase(dir);
    const clock = testClock();
    const sessions = openSessions(db, clock);
    const { secret } = sessions.start("admin");
    clock.set(-400 * 24 * HOUR);
    expect(sessions.find(secret)?.name).toBe("admin");
    for (let passed = 0; passed + HOUR < LIFE; passed += HOUR) {
      clock.pass(HOUR);
      expect(sessions.find(secret)).not.toBeNull();
    }
    clock.pass(HOUR);
    expect(sessions.find(secret)).toBeNull();
    const idle = sessions.start("admin").secret;
    clock.set(-HOUR);
    expect(sessions.find(idle)?.until).toBe(clock.now() + 12 * HOUR);
    clock.pass(12 * HOUR);
    expect(sessions.find(idle)).toBeNull();
    db.close();
  });

  it("go on when the disk takes nothing: who is signed in can still look", () => {
    const db = openDatabase(dir);
    const clock = testClock();
    const sessions = openSessions(db, clock);
    const { secret } = sessions.start("admin");
    db.exec("PRAGMA query_only = ON");
    clock.pass(HOUR);
    expect(sessions.find(secret)?.name).toBe("admin");
    db.close();
  });

  it("end after twelve idle hours", () => {
    const db = openDatabase(dir);
    const clock = testClock();
    const sessions = openSessions(db, clock);
    const { secret, session } = sessions.start("admin");
    expect(session.until - session.since).toBe(12 * HOUR);
    clock.pass(12 * HOUR - 1);
    expect(sessions.find(secret)?.name).toBe("admin");
    clock.pass(12 * HOUR - 1);
    expect(sessions.find(secret)?.name).toBe("admin");
    clock.pass(12 * HOUR);
    expect(sessions.find(secret)).toBeNull();
    db.close();
  });

  it("end after a week however busy they are", () => {
    const db = openDatabase(dir);
    const clock = testClock();
    const sessions = openSessions(db, clock);
    const { secret } = sessions.start("admin");
    for (let passed = 0; passed + HOUR < LIFE; passed += HOUR) {
      clock.pass(HOUR);
      expect(sessions.find(secret)).not.toBeNull();
    }
    clock.pass(HOUR);
    expect(sessions.find(secret)).toBeNull();
    db.close();
  });

  it("end when they are ended, one by one", () => {
    const db = openDatabase(dir);
    const sessions = openSessions(db, testClock());
    const one = sessions.start("admin").secret;
    const other = sessions.start("admin").secret;
    sessions.end(one);
    expect(sessions.find(one)).toBeNull();
    expect(sessions.find(other)).not.toBeNull();
    db.close();
  });
});

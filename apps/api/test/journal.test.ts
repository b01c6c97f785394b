/** The revisions on disk: what is kept of them, whatever a script does. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assignMarks, compile } from "@flowmgr/flow-compiler";
import { EMPTY_CONFIG, parse, print } from "@flowmgr/flow-model";
import { arbitraryConfig } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Journal, openJournal } from "../src/apply/journal.ts";
import { openDatabase } from "../src/store/database.ts";
import { DEFAULTS } from "./machine-as-data.ts";

let dir = "";
let db: ReturnType<typeof openDatabase>;
let journal: Journal;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flowmgr-journal-"));
  db = openDatabase(dir);
  journal = openJournal(db, 0xff00);
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

const FIELDS = {
  author: "a",
  message: "",
  config: EMPTY_CONFIG,
  text: "",
  marks: { directors: {}, tables: {} },
  markMask: 0xff00,
  tables: {},
};

function add(outcome: "confirmed" | "failed"): number {
  const revision = journal.add({ ...FIELDS, at: 0 });
  journal.record(revision, outcome, 0);
  return revision;
}

it("keeps the newest tries, and every revision that was in force however many tries follow", () => {
  const inForce = add("confirmed");
  const tries = Array.from({ length: 60 }, () => add("failed"));
  journal.prune();
  const left = journal.list(1000, undefined).map(({ id }) => id);
  expect(left).toEqual([...tries.slice(-50).reverse(), inForce]);
});

it("keeps the newest thousand that were in force, and the one that is", () => {
  const first = add("confirmed");
  const second = add("confirmed");
  journal.writeState({ at: "idle", running: second });
  db.exec("BEGIN");
  for (let at = 0; at < 1000; at += 1) add("confirmed");
  db.exec("COMMIT");
  journal.prune();
  const left = journal.list(2000, undefined).map(({ id }) => id);
  expect(left).toHaveLength(1001);
  expect(left).toContain(second);
  expect(left).not.toContain(first);
  // A number is never given again.
  expect(add("confirmed")).toBe(second + 1001);
});

it("gives back from its text a config that prints and compiles the same, whatever it holds", () => {
  // One transaction, as nothing has to outlive this.
  db.exec("BEGIN");
  fc.assert(
    fc.property(arbitraryConfig(), (config) => {
      const text = print(config);
      const revision = journal.add({ ...FIELDS, config, text, at: 0 });
      const stored = openJournal(db, 0xff00).get(revision);
      expect(stored?.text).toBe(text);
      expect(print(stored?.config ?? EMPTY_CONFIG)).toBe(text);
      const assigned = assignMarks(config, { directors: {}, tables: {} }, DEFAULTS);
      if ("error" in assigned) return;
      const [one, other] = [config, stored?.config ?? EMPTY_CONFIG].map((each) =>
        compile(each, assigned.marks, DEFAULTS),
      );
      expect(other).toEqual(one);
    }),
    { numRuns: 200 },
  );
  db.exec("COMMIT");
});

it("writes what is large once, and takes it away with its revision", () => {
  const text = print({ ...EMPTY_CONFIG, comment: ["x".repeat(100_000)] });
  const revision = journal.add({ ...FIELDS, text, at: 0 });
  const pages = () => readFileSync(join(dir, "flowmgr.db-wal")).length;
  const before = pages();
  journal.record(revision, "failed", 1);
  expect(pages() - before).toBeLessThan(20_000);
  expect(journal.get(revision)?.config.comment).toEqual(["x".repeat(100_000)]);
  for (let at = 0; at < 60; at += 1) add("failed");
  journal.prune();
  expect(journal.get(revision)).toBeNull();
  expect(db.prepare("SELECT count(*) AS n FROM revision_text").get()).toEqual({ n: 50 });
});

it("reads revisions that have config and text in their own row, and records how they end", () => {
  db.exec("DROP TABLE revision_text; DELETE FROM migrations WHERE name = '0120-revision-text.sql'");
  const config = parse("flow ssh permit {\n  match proto tcp dstport 22\n}\n").config;
  db.prepare(
    `INSERT INTO revision (author, message, at, config, text, marks, tables, flows, rules)
     VALUES ('a', '', 0, ?, ?, '{"directors":{},"tables":{}}', '{}', 1, 1)`,
  ).run(JSON.stringify(config), "as it was written");
  db.close();
  db = openDatabase(dir);
  journal = openJournal(db, 0xff00);
  journal.record(1, "confirmed", 1);
  expect(journal.get(1)).toMatchObject({ config, text: "as it was written" });
  expect(journal.summary(1)?.outcome).toBe("confirmed");
  expect(add("confirmed")).toBe(2);
  expect(journal.get(2)).toMatchObject({ config: EMPTY_CONFIG, text: "" });
});

it("makes no config of a text that somebody has damaged", () => {
  const text = "flow ssh permit\n  match proto tcp dstport 22\n";
  const revision = journal.add({ ...FIELDS, config: parse(text).config, text, at: 0 });
  db.exec("UPDATE revision_text SET text = replace(text, 'dstport', 'dstp')");
  expect(() => journal.get(revision)).toThrow(
    `the text of revision ${revision} in the database cannot be read`,
  );
});

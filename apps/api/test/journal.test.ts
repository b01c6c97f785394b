/** The revisions on disk: what is kept of them, whatever a script does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY_CONFIG } from "@flowmgr/flow-model";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type Journal, openJournal } from "../src/apply/journal.ts";
import { openDatabase } from "../src/store/database.ts";

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

function add(outcome: "confirmed" | "failed"): number {
  const marks = { directors: {}, tables: {} };
  const fields = {
    author: "a",
    message: "",
    config: EMPTY_CONFIG,
    text: "",
    marks,
    markMask: 0xff00,
    tables: {},
  };
  const revision = journal.add({ ...fields, at: 0 });
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

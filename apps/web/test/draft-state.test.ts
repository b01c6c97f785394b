import type { Draft } from "@flowmgr/flow-api";
import { type Config, flowsOf, parse } from "@flowmgr/flow-model";
import { expect, test } from "vitest";
import {
  type Change,
  changed,
  type DraftState,
  EMPTY_DRAFT,
  loaded,
  outrun,
  reapplied,
  refused,
  sent,
  stepped,
} from "../src/api/draft-state.ts";

const counts = { flows: 0, rules: 0, errors: 0, warnings: 0 };
const config = (text: string): Config => parse(text).config;
const draft = (etag: string, text: string, changedBy = "admin"): Draft => ({
  etag,
  changedAt: "2026-01-01T00:00:00Z",
  changedBy,
  config: config(text),
  counts,
});
const TWO = "flow a permit\n  match\nflow b deny\n  match\n";
const start = loaded(EMPTY_DRAFT, draft("1", TWO));
const remove = (name: string): Change => ({
  kind: "edits",
  edits: [{ do: "remove", name }],
  label: `remove ${name}`,
});
const names = (state: DraftState) => (state.config ? flowsOf(state.config).map(({ name }) => name) : null);

function done(state: DraftState, change: Change): DraftState {
  const result = changed(state, change, null);
  if ("error" in result) throw new Error(result.error.message);
  return result.state;
}

test("an edit shows at once and waits for the server", () => {
  const state = done(start, remove("a"));
  expect(names(state)).toEqual(["b"]);
  expect(state.waiting).toEqual([remove("a")]);
  const answered = sent(state, "2", "2026-01-01T00:00:01Z", "admin");
  expect(answered.saved?.etag).toBe("2");
  expect(answered.waiting).toEqual([]);
  expect(names(answered)).toEqual(["b"]);
});

test("an impossible edit changes nothing and says why", () => {
  const result = changed(start, remove("c"), null);
  expect("error" in result && result.error.code).toBe("unknown-flow");
});

test("undo and redo walk the same configs and are sent like edits", () => {
  const removed = sent(done(start, remove("a")), "2", "", "admin");
  const back = stepped(removed, "undo");
  expect(names(back)).toEqual(["a", "b"]);
  expect(back.waiting).toHaveLength(1);
  expect(names(stepped(back, "redo"))).toEqual(["b"]);
  expect(stepped(back, "undo")).toBe(back);
});

test("an answer to the first of two edits leaves the second on the screen", () => {
  const state = sent(done(done(start, remove("a")), remove("b")), "2", "", "admin");
  expect(names(state)).toEqual([]);
  expect(state.saved && flowsOf(state.saved.config).map(({ name }) => name)).toEqual(["b"]);
  expect(state.waiting).toEqual([remove("b")]);
});

test("somebody else's change arrives as a step that undo names", () => {
  const state = loaded(start, draft("2", "flow c deny\n  match\n", "ops"));
  expect(names(state)).toEqual(["c"]);
  expect(state.undo.at(-1)).toMatchObject({ label: "change by ops", by: "ops" });
});

test("somebody else's change does not replace what waits; the server's 412 decides", () => {
  const state = done(start, remove("a"));
  expect(loaded(state, draft("2", "", "ops"))).toBe(state);
});

test("a 412 keeps mine, shows theirs, and reapplies on top of theirs", () => {
  const mine = done(start, remove("a"));
  const conflict = outrun(mine, draft("2", `${TWO}flow c deny\n  match\n`, "ops"));
  expect(names(conflict)).toEqual(["a", "b", "c"]);
  expect(conflict.trouble?.kind).toBe("conflict");
  const { state, failed } = reapplied(conflict, null);
  expect(failed).toEqual([]);
  expect(names(state)).toEqual(["b", "c"]);
  expect(state.trouble).toBeNull();
});

test("what cannot be reapplied is named", () => {
  const conflict = outrun(done(start, remove("a")), draft("2", "flow b deny\n  match\n", "ops"));
  const { state, failed } = reapplied(conflict, null);
  expect(failed).toHaveLength(1);
  expect(failed[0]).toContain("remove a");
  expect(names(state)).toEqual(["b"]);
});

test("a refusal goes back to what the server has and takes the steps off the undo list", () => {
  const state = refused(done(start, remove("a")), "no", []);
  expect(names(state)).toEqual(["a", "b"]);
  expect(state.undo).toEqual([]);
  expect(state.trouble).toMatchObject({ kind: "refused", label: "remove a" });
});

test("a discard shows the running config, and the server's answer is what stays", () => {
  const running = config("flow r permit\n  match\n");
  const result = changed(start, { kind: "discard", label: "discard all changes" }, running);
  if ("error" in result) throw new Error(result.error.message);
  expect(names(result.state)).toEqual(["r"]);
  const answer = config("flow s permit\n  match\n");
  expect(names(sent(result.state, "2", "", "admin", answer))).toEqual(["s"]);
});
